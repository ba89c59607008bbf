"""Tables and claims through the workflow, of rows that hold two codecs: most lines say that they are not measured."""

import pandas as pd
import pytest
from checkout import NOTHING_TO_DO, TINY_SETTINGS, copy_project, save_pictures
from pictures import textured

TABLES = [f"results/table{number}.csv" for number in range(1, 6)]
PAGES = ["results/tables.md", "results/claims.md"]
SETTINGS = {**TINY_SETTINGS, "dataset": "./photos"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("claims") / "project")
    save_pictures(project.root / "photos", {"a": textured(170, 180, seed=1), "b": textured(190, 162, seed=2)})
    done = project.snakemake(*PAGES, settings=SETTINGS)
    assert done.returncode == 0, done.output
    return project


def test_tables_and_claims_are_made_of_any_codecs(project):
    assert {*TABLES, *PAGES, "results/claims.csv"} <= set(project.files())
    for table in TABLES[:4]:
        assert (pd.read_csv(project.root / table)["setting"] == "not measured").all()
    judged = pd.read_csv(project.root / "results" / "claims.csv")
    assert (judged["verdict"] == "not decidable here").all() and not judged["reason"].isna().any()
    assert "cae is not measured; add it to codecs in the config" in set(judged["reason"])


def test_nothing_is_made_twice_and_a_template_remakes_its_page_alone(project):
    assert NOTHING_TO_DO in project.snakemake("-n", *PAGES, settings=SETTINGS).output
    template = project.root / "workflow" / "report" / "tables.md"
    template.write_text(f"{template.read_text()}\nMore.\n")
    assert project.snakemake("-n", *PAGES, settings=SETTINGS).counts == {"write_tables_page": 1}


def test_a_table_has_the_same_bytes_when_made_again(project):
    made = {name: (project.root / name).read_bytes() for name in [*TABLES, "results/claims.csv", *PAGES]}
    again = project.snakemake(*PAGES, "--forcerun", "make_tables1to4", "judge_claims", settings=SETTINGS)
    assert again.returncode == 0, again.output
    for name, content in made.items():
        if name != "results/tables.md":  # its template was edited above
            assert (project.root / name).read_bytes() == content, name
