"""Draw Figure 5, the CAE's latent of one image without and with PCA, and code the image with every rotation."""

from pathlib import Path

import pandas as pd

from licbench.cli import add_published, figure_parser, run
from licbench.files import write_csv


def main() -> None:
    """Parse the command line, code and draw."""
    parser = figure_parser(__doc__)
    parser.add_argument("image", type=Path, help="the original; its central square is used")
    parser.add_argument("--dataset", required=True, help="id of the image's dataset, for the data")
    add_published(parser, "rates")
    parser.add_argument(
        "--models", required=True, nargs="+", type=Path, metavar="MODEL",
        help="a trained CAE, .safetensors, with its card; of further ones, half-trained, only the rates",
    )  # fmt: skip
    parser.add_argument("--psnr-db", required=True, type=float, help="quality at which the rates are compared")
    options = parser.parse_args()
    from licbench.images.files import read_rgb  # noqa: PLC0415
    from licbench.networks.store import ModelStore  # noqa: PLC0415
    from licbench.paper.figures import latents  # noqa: PLC0415  torch takes seconds; --help should not
    from licbench.paper.figures.style import save  # noqa: PLC0415

    square, shown = latents.centre_square(read_rgb(options.image)), options.models[0]
    data, *further = (latents.figure5_data(square, model, options.psnr_db) for model in options.models)
    maps = latents.luma_maps(square, ModelStore(shown.parent).load(shown.stem, "cae"))
    save(latents.draw_figure5(square, maps, data, pd.read_csv(options.paper)), options.drawings)
    data = pd.concat([data, *further], ignore_index=True)
    origin = {"dataset": options.dataset, "image": options.image.stem}
    write_csv(options.csv, pd.DataFrame(origin, data.index).join(data.round(6)))


if __name__ == "__main__":
    run(main)
