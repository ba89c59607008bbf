// Two reconstructions over each other: what is loaded, where the divider is, how far the image is zoomed.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const { images } = window.licbench;
  const MIN_WIDTH = 640, STEP = 48, GRAB_RADIUS = 28, DETAIL_ZOOM = 4;
  const by = (id) => document.getElementById(id);
  const controls = by("controls"), stage = by("stage"), split = by("split"), divider = stage.querySelector(".divider");
  const layers = { left: by("layer-left"), right: by("layer-right") };
  const view = { index: 0, x: 0, y: 0 }; // x, y: the image's point in the stage's upper left corner

  const number = (value, digits, missing) => (value === null || value === undefined ? missing : value.toFixed(digits));
  const current = () => images[view.index];
  const fileOf = (side) => current().files.find(({ name }) => name === controls[side].value) || current().files[0];
  const address = (file, end = "") => `images/${encodeURIComponent(current().image)}/${file}${end}.webp`;
  const fit = () => stage.clientWidth / current().shown.width;
  const zoom = () => Number(controls.zoom.value) || fit();
  const zoomed = () => Number(controls.zoom.value) > 0;

  function scores(file) {
    if (file.bpp === undefined) return [];
    const quality = `${number(file.psnr_db, 2, "infinite")} dB, MS\u2011SSIM ${number(file.ms_ssim, 3, "not defined")}`;
    return [`${number(file.bpp, 3)} bit/pixel`, quality, file.point];
  }

  function describe(holder, file) {
    const name = document.createElement("b");
    name.textContent = file.name;
    holder.replaceChildren(name, ...scores(file).flatMap((line) => [document.createElement("br"), line]));
  }

  function source(image, url) {
    if (image.getAttribute("src") !== url) image.src = url;
  }

  function load() {
    const error = controls.mode.value === "error";
    for (const [side, layer] of Object.entries(layers)) {
      const file = fileOf(side), [image, minus] = layer.children;
      source(image, address(file.file));
      image.alt = `${current().name}, ${file.name}${error ? ", error map" : ""}`;
      minus.hidden = !error;
      if (error) source(minus, address(current().files[0].file));
      layer.style.filter = error ? `brightness(${controls.gain.value})` : "";
      describe(by(`caption-${side}`), file);
    }
    place();
  }

  function place() {
    const { width, height } = current().shown, scale = zoom();
    const bound = (value, whole, room) => Math.min(Math.max(value, 0), Math.max(whole - room / scale, 0));
    view.x = zoomed() ? bound(view.x, width, stage.clientWidth) : 0;
    view.y = zoomed() ? bound(view.y, height, stage.clientHeight) : 0;
    stage.classList.toggle("zoomed", zoomed());
    // The thumbnail is shown until the images are there
    stage.style.backgroundSize = `${width * scale}px ${height * scale}px`;
    stage.style.backgroundPosition = `${-view.x * scale}px ${-view.y * scale}px`;
    for (const layer of Object.values(layers)) {
      layer.classList.toggle("pixels", scale >= 2);
      for (const image of layer.children) {
        image.style.width = `${width}px`;
        image.style.height = `${height}px`;
        image.style.transform = `scale(${scale}) translate(${-view.x}px, ${-view.y}px)`;
      }
    }
  }

  function divide(percent) {
    split.value = percent;
    const share = Number(split.value);
    layers.right.style.clipPath = `inset(0 0 0 ${share}%)`;
    divider.style.left = `${share}%`;
    split.setAttribute("aria-valuetext", `${controls.left.value} on ${Math.round(share)} % of the width`);
  }

  function size() {
    const { width, height } = current().shown;
    const room = stage.parentElement.clientWidth - parseFloat(getComputedStyle(stage.parentElement).paddingLeft) * 2;
    const high = Math.max(window.innerHeight * 0.8, 320);
    const wide = Math.min(room, Math.max(width, MIN_WIDTH), (high * width) / height);
    stage.style.width = split.style.width = document.querySelector(".sides").style.width = `${wide}px`;
    stage.style.height = `${(wide * height) / width}px`;
    place();
  }

  function fillDetails() {
    const { detail, shown, width, height } = current();
    const cropped = shown.width < width || shown.height < height ? ` The viewer shows the middle ${shown.width} × ${shown.height} of ${width} × ${height} pixels; the scores are of the whole image.` : "";
    by("details-note").textContent =
      `The square of ${detail.width} × ${detail.height} pixels where the codecs' summed squared error is largest. Choose one to see it on the right.${cropped}`;
    by("details").replaceChildren(...current().files.map((file) => {
      const item = document.createElement("li"), button = document.createElement("button");
      const image = document.createElement("img"), caption = document.createElement("span");
      button.type = "button";
      image.src = address(file.file, "-detail");
      image.alt = "";
      image.loading = "lazy";
      image.width = detail.width;
      image.height = detail.height;
      describe(caption, file);
      button.append(image, caption);
      button.addEventListener("click", () => {
        controls.right.value = file.name;
        controls.zoom.value = DETAIL_ZOOM;
        view.x = detail.left + detail.width / 2 - stage.clientWidth / DETAIL_ZOOM / 2;
        view.y = detail.top + detail.height / 2 - stage.clientHeight / DETAIL_ZOOM / 2;
        load();
        stage.scrollIntoView({ block: "nearest" });
      });
      item.append(button);
      return item;
    }));
  }

  function choose(place) {
    view.index = place;
    view.x = view.y = 0;
    for (const button of by("choose").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.image) === place));
    }
    stage.style.backgroundImage = `url("images/${encodeURIComponent(current().image)}/thumbnail.webp")`;
    history.replaceState(null, "", `#${encodeURIComponent(current().image)}`);
    size();
    load();
    fillDetails();
  }

  function fillSelects() {
    const names = images[0].files.map(({ name }) => name);
    for (const side of ["left", "right"]) controls[side].replaceChildren(...names.map((name) => new Option(name)));
    controls.left.value = names[1] || names[0];
    controls.right.value = names.at(-1);
  }

  // A drag moves the divider, or the image where it is zoomed and the pointer is not on the divider.
  stage.addEventListener("pointerdown", (start) => {
    if (start.button) return;
    const edge = stage.getBoundingClientRect();
    const line = edge.left + (edge.width * Number(split.value)) / 100;
    const panning = zoomed() && Math.abs(start.clientX - line) > GRAB_RADIUS;
    const from = { ...view };
    const move = ({ clientX, clientY }) => {
      if (!panning) return divide(((clientX - edge.left) / edge.width) * 100);
      view.x = from.x - (clientX - start.clientX) / zoom();
      view.y = from.y - (clientY - start.clientY) / zoom();
      return place();
    };
    const end = () => {
      stage.removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
    };
    stage.setPointerCapture(start.pointerId);
    stage.addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
    if (!panning) move(start);
  });
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step || !zoomed()) return;
    event.preventDefault();
    view.x += (step[0] * STEP) / zoom();
    view.y += (step[1] * STEP) / zoom();
    place();
  });
  split.addEventListener("input", () => divide(split.value));
  controls.addEventListener("change", load);
  controls.addEventListener("submit", (event) => event.preventDefault());
  by("choose").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) choose(Number(button.dataset.image));
  });
  addEventListener("resize", size);

  fillSelects();
  divide(50);
  const asked = images.findIndex(({ image }) => image === decodeURIComponent(location.hash.slice(1)));
  choose(Math.max(asked, 0));
});
