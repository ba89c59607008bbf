// One session: consent, screen check, practice, trials, a file at the end. Nothing is fetched and nothing is sent.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const study = JSON.parse(document.getElementById("study-data").textContent);
  const by = (id) => document.getElementById(id);
  const PLACE = `licbench-study-${study.study}`, BLANK_MS = 400, GAP = 16, MARGIN = 16;
  const COLUMNS = ["study", "observer", "trial", "order", "left", "right", "answer", "seconds", "view", "pixel_ratio", "window"];
  const screens = [...document.querySelectorAll("main")];
  let session = null; // { observer, answers: rows by COLUMNS }
  let sequence = []; // of the observer: { id, left, right, original }
  let shown = null; // the trial on the screen

  // --- What is kept in the browser, where it allows that ---

  function stored() {
    try { return JSON.parse(localStorage.getItem(PLACE)); } catch { return null; }
  }
  function keep() {
    try { localStorage.setItem(PLACE, JSON.stringify(session)); return true; } catch { return false; }
  }
  function forget() {
    try { localStorage.removeItem(PLACE); } catch { /* was never kept */ }
  }
  function keeps() {
    try {
      localStorage.setItem(`${PLACE}-trial`, "1");
      localStorage.removeItem(`${PLACE}-trial`);
      return true;
    } catch { return false; }
  }

  // --- Order and sides: by chance, the same for the same seed and observer ---

  function generator(text) {
    let state = 2166136261; // FNV-1a, 32 bit
    for (const byte of new TextEncoder().encode(text)) state = Math.imul(state ^ byte, 16777619);
    state = state >>> 0 || 1;
    const next = () => { // xorshift32, Marsaglia 2003
      state ^= state << 13;
      state ^= state >>> 17;
      state = (state ^ (state << 5)) >>> 0;
      return state / 4294967296;
    };
    for (let turn = 0; turn < 16; turn++) next();
    return next;
  }
  function shuffled(items, random) {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
      const at = Math.floor(random() * (last + 1));
      [result[last], result[at]] = [result[at], result[last]];
    }
    return result;
  }

  function sequenceOf(observer) {
    const random = generator(`${study.seed}:${observer}`);
    const swapped = new Map();
    const item = (id, again = false) => {
      const trial = study.trials[id];
      if (!again) swapped.set(id, random() < 0.5);
      const turned = swapped.get(id) !== again; // a repeat has its sides exchanged
      let sides = [trial.first, trial.second];
      if (study.method === "pairs" && turned) sides.reverse();
      if (study.method === "dsis") sides = [trial.original, trial.first];
      return { id: again ? id + study.again : id, left: sides[0], right: sides[1] ?? "", original: trial.original };
    };
    const of = (kind) => Object.keys(study.trials).filter((id) => study.trials[id].kind === kind);
    const chosen = shuffled(of("main"), random).slice(0, study.main);
    const first = chosen.slice(0, Math.ceil(chosen.length / 2)), rest = chosen.slice(first.length);
    const again = shuffled(first, random).slice(0, study.repeats);
    const start = first.map((id) => item(id));
    const end = shuffled([...rest.map((id) => [id, false]), ...again.map((id) => [id, true])], random);
    // Not twice in a row
    if (end.length > 1 && end[0][0] === first.at(-1)) end.push(end.shift());
    const middle = [...start, ...end.map(([id, twice]) => item(id, twice))];
    const traps = shuffled(of("trap"), random), length = middle.length;
    for (let at = traps.length - 1; at >= 0; at--) {
      middle.splice(Math.floor(((at + random()) * length) / traps.length), 0, item(traps[at]));
    }
    return [...of("training").map((id) => item(id)), ...middle];
  }
  const practice = Object.values(study.trials).filter(({ kind }) => kind === "training").length;

  // --- Screens ---

  function show(id) {
    for (const screen of screens) screen.hidden = screen.id !== id;
    scrollTo(0, 0);
    by(id).focus();
  }

  function describeScreen() {
    const ratio = devicePixelRatio, { width, height } = study.largest;
    const room = Math.floor(innerWidth * ratio), whole = Math.abs(ratio - Math.round(ratio)) < 0.01;
    const lines = [whole
      ? "Zoom: as it should be."
      : `Zoom: the page is scaled by ${ratio.toFixed(2)}. Images keep their pixels; still, please reset the zoom (Ctrl and 0) if you changed it.`];
    if (study.method !== "acr" && !sideBySide(width)) {
      lines.push("Window: too narrow for two images next to each other. You will see them one at a time in the same place, and change between them with the key T. If you can, use a larger window instead.");
    }
    if (width > room || height / ratio > innerHeight - 270) {
      lines.push(`Window: smaller than the images (${width} × ${height} pixels). Make it larger if you can; otherwise scroll inside the image.`);
    }
    if (lines.length === 1) lines.push("Window: large enough.");
    if (!keeps()) lines.push("This browser does not keep data for this page. Do not reload or close it before you have saved your answers.");
    by("findings").replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
    const pattern = by("pattern"), context = pattern.getContext("2d");
    pattern.style.width = `${pattern.width / ratio}px`;
    pattern.style.height = `${pattern.height / ratio}px`;
    const pixels = context.createImageData(pattern.width, pattern.height);
    for (let at = 0; at < pattern.width * pattern.height; at++) {
      const bright = ((at % pattern.width) + Math.floor(at / pattern.width)) % 2 ? 255 : 0;
      pixels.data.set([bright, bright, bright, 255], 4 * at);
    }
    context.putImageData(pixels, 0, 0);
  }
  by("steps").replaceChildren(...Array.from({ length: 11 }, (_, step) => {
    const level = Math.round(25.5 * step), patch = document.createElement("span");
    patch.style.background = `rgb(${level} ${level} ${level})`;
    return patch;
  }));

  // --- A trial ---

  const sideBySide = (width) => 2 * (width / devicePixelRatio) + GAP + 2 * MARGIN <= document.documentElement.clientWidth;

  function picture(id, label) {
    const image = new Image();
    image.src = `images/${id}.webp`;
    image.alt = label;
    image.draggable = false;
    return image;
  }

  function side(label, images) {
    const holder = document.createElement("div"), title = document.createElement("h2"), frame = document.createElement("div");
    holder.className = "side";
    frame.className = "frame";
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", label);
    title.textContent = label;
    frame.append(...images);
    holder.append(title, frame);
    return { holder, title, frame, images, label };
  }

  function labels() {
    if (study.method === "pairs") return ["Left", "Right"];
    return study.method === "dsis" ? ["Original", "To judge"] : ["Image"];
  }

  async function present() {
    const at = session.answers.length;
    if (at === practice && practice > 0 && !present.begun) return show("ready");
    if (at >= sequence.length) return finish();
    const item = sequence[at], names = labels();
    const ids = study.method === "acr" ? [item.left] : [item.left, item.right];
    const withOriginal = study.method === "pairs";
    shown = null;
    const sides = ids.map((id, place) => side(names[place], [
      picture(id, `${names[place]} image`), ...(withOriginal ? [picture(item.original, "The original")] : []),
    ]));
    const stage = by("stage");
    stage.className = "blank";
    stage.replaceChildren(...sides.map(({ holder }) => holder));
    for (const { frame } of sides) {
      frame.addEventListener("scroll", () => {
        for (const other of sides) if (other.frame !== frame) other.frame.scrollTo(frame.scrollLeft, frame.scrollTop);
      });
    }
    progress(at);
    const offered = { item, sides, seen: new Set(), front: 0, original: false, ready: false };
    shown = offered;
    by("original").hidden = !withOriginal;
    if (by("trial").hidden) show("trial");
    allow();
    by("status").textContent = "";
    try {
      const pause = new Promise((done) => setTimeout(done, BLANK_MS));
      await Promise.all([pause, ...sides.flatMap(({ images }) => images.map((image) => image.decode()))]);
    } catch {
      by("status").textContent = "An image is missing. Keep the folder images next to this page, and reload it.";
      return undefined;
    }
    if (shown !== offered) return undefined;
    lay();
    stage.className = "";
    offered.ready = true;
    offered.since = performance.now();
    return allow();
  }

  function progress(at) {
    const counted = at - practice;
    by("progress").textContent = counted < 0 ? `Practice ${at + 1} of ${practice}` : `${counted + 1} of ${sequence.length - practice}`;
    by("advance").max = Math.max(1, sequence.length - practice);
    by("advance").value = Math.max(0, counted);
  }

  // Sizes and places in device pixels, so that a pixel of the image is a pixel of the screen
  const cssPixels = (count) => count / devicePixelRatio;
  function snap(frame) {
    frame.style.left = frame.style.top = "0";
    const { left, top } = frame.firstElementChild.getBoundingClientRect();
    const rest = (place) => cssPixels(Math.round(place * devicePixelRatio)) - place;
    frame.style.left = `${rest(left)}px`;
    frame.style.top = `${rest(top)}px`;
  }
  function lay() {
    if (!shown) return;
    for (const { images, frame } of shown.sides) {
      for (const image of images) {
        image.style.width = `${cssPixels(image.naturalWidth)}px`;
        image.style.height = `${cssPixels(image.naturalHeight)}px`;
      }
      frame.style.maxWidth = `${document.documentElement.clientWidth - 2 * MARGIN}px`;
    }
    const two = shown.sides.length === 2;
    shown.flips = two && !sideBySide(shown.sides[0].images[0].naturalWidth);
    by("toggle").hidden = !shown.flips;
    turn();
  }

  function turn() {
    shown.sides.forEach(({ holder, title, images, label }, place) => {
      holder.hidden = shown.flips && place !== shown.front;
      if (!holder.hidden) shown.seen.add(place);
      if (images.length > 1) images[1].style.visibility = shown.original ? "" : "hidden";
      title.textContent = shown.original ? "Original" : label;
    });
    for (const { frame, holder } of shown.sides) if (!holder.hidden) snap(frame);
    by("original").setAttribute("aria-pressed", String(shown.original));
    by("toggle").lastElementChild.textContent = `Show ${shown.sides[1 - shown.front]?.label.toLowerCase() ?? ""}`;
    allow();
  }

  function flip() {
    if (!shown?.ready || !shown.flips) return;
    const { scrollLeft, scrollTop } = shown.sides[shown.front].frame;
    shown.front = 1 - shown.front;
    turn();
    shown.sides[shown.front].frame.scrollTo(scrollLeft, scrollTop);
  }

  function original(on) {
    if (!shown?.ready || study.method !== "pairs" || shown.original === on) return;
    shown.original = on;
    turn();
  }

  const complete = () => Boolean(shown?.ready) && (!shown.flips || shown.seen.size === shown.sides.length);

  function allow() {
    const open = complete();
    for (const button of by("answers").children) button.disabled = !open;
    if (shown?.ready) by("status").textContent = open ? "" : "Look at both before you answer.";
  }

  function answer(value) {
    if (!complete()) return;
    const { item, since, flips } = shown;
    session.answers.push([
      study.study, session.observer, item.id, session.answers.length + 1, item.left, item.right, value,
      ((performance.now() - since) / 1000).toFixed(2), flips ? "one at a time" : "whole",
      devicePixelRatio.toFixed(3), `${innerWidth}x${innerHeight}`,
    ]);
    keep();
    present();
  }

  // --- The end ---

  function finish() {
    const count = session.answers.length, whole = count >= sequence.length;
    shown = null;
    by("outcome").textContent = whole
      ? `All ${count} answers are there.`
      : `${count} of ${sequence.length} answers are there. A session that was not finished is not counted; you can go on with it here.`;
    by("back").hidden = whole;
    by("saved").textContent = "";
    show("done");
  }

  function save() {
    const lines = [COLUMNS, ...session.answers].map((row) => row.join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
    link.download = `study-${study.study}-${session.observer}.csv`;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    by("saved").textContent = `Saved as ${link.download}, where your browser keeps downloads.`;
    by("erase").disabled = false;
  }

  function start() {
    sequence = sequenceOf(session.observer);
    present.begun = session.answers.length > practice;
    describeScreen();
  }

  by("agree").addEventListener("submit", (event) => {
    event.preventDefault();
    session = { observer: by("code").value, answers: [] };
    keep();
    start();
    show("check");
  });
  by("checked").addEventListener("submit", (event) => {
    event.preventDefault();
    if (session.answers.length) present();
    else show("instructions");
  });
  by("practise").addEventListener("click", () => present());
  by("begin").addEventListener("click", () => { present.begun = true; present(); });
  by("back").addEventListener("click", () => present());
  by("stop").addEventListener("click", finish);
  by("save").addEventListener("click", save);
  by("erase").addEventListener("click", () => { forget(); location.reload(); });
  by("toggle").addEventListener("click", flip);
  by("original").addEventListener("click", () => original(!shown?.original));
  by("answers").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) answer(button.dataset.answer);
  });
  if (study.method !== "pairs") by("answers").classList.add("scale");

  const holding = (event) => event.code === "KeyO" && !event.ctrlKey && !event.metaKey && !event.altKey;
  addEventListener("keydown", (event) => {
    if (by("trial").hidden || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (holding(event)) return original(true);
    if (event.code === "KeyT") return flip();
    const key = event.code.replace(/^(Digit|Numpad)/, "");
    const button = [...by("answers").children].find(({ dataset }) => dataset.key === key);
    if (!button) return;
    event.preventDefault();
    answer(button.dataset.answer);
  });
  addEventListener("keyup", (event) => { if (event.code === "KeyO") original(false); });
  addEventListener("blur", () => original(false));
  addEventListener("resize", () => {
    if (!by("check").hidden) describeScreen();
    if (shown?.ready) lay();
  });

  const before = stored();
  if (before && typeof before.observer === "string" && Array.isArray(before.answers)) {
    session = before;
    start();
    if (session.answers.length >= sequence.length) {
      finish();
    } else {
      by("resumed").hidden = false;
      by("resumed").textContent = `Welcome back: ${session.answers.length} of ${sequence.length} answers of observer ${session.observer} are kept. The study goes on where it was left.`;
      show("check");
    }
  } else {
    by("code").value = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => "abcdefghijkmnpqrstuvwxyz23456789"[byte % 31]).join("");
    show("consent");
  }
});
