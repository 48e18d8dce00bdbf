// SPDX-License-Identifier: Apache-2.0
// The timeline of a run's report: bars on a canvas from the typed array in #slices, zoomed by the wheel, moved
// by dragging, described under the pointer. Asks no network. When it has drawn, it says so on <body>:
// data-timeline is the count of pixels of bars, data-ready the milliseconds since the page was opened,
// data-errors what went wrong.
"use strict";
window.addEventListener("error", event => { document.body.dataset.errors = event.message; });
(() => {
  const WORDS = 8;  // of a slice: from, length, lane, function, count, failed and attempt, task (low, high)
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const text = atob(document.getElementById("slices").textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  const slices = new Uint32Array(bytes.buffer);
  const tick = facts.seconds / 4294967295;  // seconds of a unit of time in the array
  const canvas = document.getElementById("timeline");
  const tip = document.getElementById("tip");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const ink = dark ? "#ddd" : "#222", pale = dark ? "#2a2a2a" : "#f1f1f1";
  const LEFT = 74, AXIS = 22, OTHER = "#888888";
  const colours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a6fc0", "#b8a800"];
  const colourOf = f => f < colours.length ? colours[f] : OTHER;

  // Slices of a lane stand together, in the order of time; first[lane] is where they begin.
  const lanes = facts.lanes.length;
  const first = new Uint32Array(lanes + 1);
  const count = slices.length / WORDS;
  for (let i = 0; i < count; ++i) ++first[slices[i * WORDS + 2] + 1];
  for (let lane = 0; lane < lanes; ++lane) first[lane + 1] += first[lane];

  const height = Math.max(2, Math.min(20, Math.floor(520 / Math.max(1, lanes + 1))));
  let from = 0, to = facts.seconds, width = 0;
  const least = Math.max(facts.seconds * 1e-9, 1e-9);

  const x = seconds => LEFT + (seconds - from) / (to - from) * (width - LEFT);
  const secondsAt = px => from + (px - LEFT) / (width - LEFT) * (to - from);

  // The first slice of a lane that ends behind `seconds`.
  function search(lane, seconds) {
    let low = first[lane], high = first[lane + 1];
    while (low < high) {
      const middle = (low + high) >>> 1, at = middle * WORDS;
      if ((slices[at] + slices[at + 1]) * tick < seconds) low = middle + 1; else high = middle;
    }
    return low;
  }

  function drawLane(lane) {
    const top = AXIS + (lane + 1) * height, tall = Math.max(1, height - (height > 4 ? 1 : 0));
    let pixel = -1, covered = 0, colour = OTHER, bad = false;
    const flush = () => {
      if (pixel < 0) return;
      pen.globalAlpha = Math.min(1, 0.2 + 0.8 * covered);
      pen.fillStyle = bad ? "#d00000" : colour;
      pen.fillRect(pixel, top, 1, tall);
      pen.globalAlpha = 1;
      pixel = -1;
    };
    for (let i = search(lane, from); i < first[lane + 1]; ++i) {
      const at = i * WORDS, begin = slices[at] * tick;
      if (begin > to) break;
      const left = Math.max(LEFT, x(begin)), right = Math.min(width, x(begin + slices[at + 1] * tick));
      const failed = (slices[at + 5] & 0xffff) > 0;
      if (right - left >= 1.5) {
        flush();
        pen.fillStyle = failed ? "#d00000" : colourOf(slices[at + 3]);
        pen.fillRect(left, top, right - left - (right - left > 4 ? 0.6 : 0), tall);
        if (slices[at + 5] >>> 16 > 1) {  // a further attempt
          pen.strokeStyle = ink;
          pen.strokeRect(left + 0.5, top + 0.5, right - left - 1.5, tall - 1);
        }
        continue;
      }
      const here = Math.floor(left);
      if (here !== pixel) {
        flush();
        pixel = here; covered = 0; bad = false;
      }
      covered += right - left;
      colour = colourOf(slices[at + 3]);
      bad = bad || failed;
    }
    flush();
  }

  function drawAxis() {
    const wanted = (to - from) / Math.max(2, (width - LEFT) / 110);
    const power = Math.pow(10, Math.floor(Math.log10(wanted)));
    const step = [1, 2, 5, 10].map(k => k * power).find(k => k >= wanted);
    const digits = Math.max(0, -Math.floor(Math.log10(step)));
    pen.fillStyle = ink;
    pen.textAlign = "left";
    for (let k = Math.ceil(from / step); k * step <= to; ++k) {
      const at = x(k * step);
      pen.globalAlpha = 0.15;
      pen.fillRect(at, AXIS - 4, 1, canvas.clientHeight);
      pen.globalAlpha = 1;
      pen.fillText((k * step).toFixed(digits) + " s", at + 3, 12);
    }
  }

  function drawLabels() {
    pen.clearRect(0, AXIS, LEFT, canvas.clientHeight);
    pen.fillStyle = ink;
    pen.textAlign = "right";
    let free = AXIS + height;  // below what has a label
    if (height >= 9) pen.fillText("driver", LEFT - 6, AXIS + height / 2 + 4);
    for (let lane = 0; lane < lanes; ++lane) {
      const top = AXIS + (lane + 1) * height;
      const rank = facts.lanes[lane];
      if ((lane > 0 && facts.lanes[lane - 1] === rank) || top + 2 < free) continue;
      pen.fillText("rank " + rank, LEFT - 6, top + Math.max(height / 2 + 4, 8));
      free = top + 12;
    }
    for (const [rank, seconds] of facts.lost) {
      const lane = facts.lanes.indexOf(rank);
      if (lane < 0 || seconds < from || seconds > to) continue;
      pen.fillStyle = "#d00000";
      pen.fillRect(x(seconds) - 1, AXIS + (lane + 1) * height, 3, Math.max(3, height));
    }
  }

  function drawWaits() {
    pen.fillStyle = ink;
    for (const [begin, end] of facts.waits) {
      if (end < from || begin > to) continue;
      const left = Math.max(LEFT, x(begin)), right = Math.min(width, x(end));
      pen.globalAlpha = 0.35;
      pen.fillRect(left, AXIS, Math.max(0.5, right - left), Math.max(1, height - 1));
      pen.globalAlpha = 1;
    }
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    width = canvas.clientWidth;
    const tall = AXIS + (lanes + 1) * height + 2;
    canvas.style.height = tall + "px";
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(tall * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = pale;
    pen.fillRect(LEFT, AXIS, width - LEFT, tall - AXIS);
    drawWaits();
    for (let lane = 0; lane < lanes; ++lane) drawLane(lane);
    drawAxis();
    drawLabels();
  }

  let asked = false;
  const redraw = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  };
  function show(begin, end) {
    const length = Math.min(facts.seconds, Math.max(least, end - begin));
    from = Math.max(0, Math.min(begin, facts.seconds - length));
    to = from + length;
    redraw();
  }

  const time = seconds => seconds >= 1 ? seconds.toFixed(3) + " s"
    : seconds >= 1e-3 ? (seconds * 1e3).toFixed(3) + " ms" : (seconds * 1e6).toFixed(1) + " µs";
  function words(i) {
    const at = i * WORDS, failed = slices[at + 5] & 0xffff, attempt = slices[at + 5] >>> 16;
    const length = slices[at + 1] * tick;
    const task = (BigInt(slices[at + 7]) << 32n) + BigInt(slices[at + 6]);
    let said = facts.functions[slices[at + 3]] + "\ntask 0x" + task.toString(16);
    if (slices[at + 4] > 1) said += "\n" + slices[at + 4] + " elements";
    said += "\n" + time(length) + " from " + (slices[at] * tick).toFixed(6) + " s";
    if (slices[at + 4] > 1) said += "\n" + time(length / slices[at + 4]) + " each";
    if (attempt > 1) said += "\nattempt " + attempt;
    if (failed > 0) said += "\n" + failed + " failed";
    return said + "\nrank " + facts.lanes[slices[at + 2]];
  }
  function hover(event) {
    const box = canvas.getBoundingClientRect();
    const px = event.clientX - box.left, lane = Math.floor((event.clientY - box.top - AXIS) / height) - 1;
    tip.style.display = "none";
    if (lane < 0 || lane >= lanes || px < LEFT) return;
    const i = search(lane, secondsAt(px - 0.5));
    if (i >= first[lane + 1] || slices[i * WORDS] * tick > secondsAt(px + 1)) return;
    tip.textContent = words(i);
    tip.style.display = "block";
    tip.style.left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = event.clientY + 14 + "px";
  }

  let dragged = null;
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    const middle = secondsAt(Math.max(LEFT, event.clientX - canvas.getBoundingClientRect().left));
    const factor = Math.exp(event.deltaY * 0.0015);
    show(middle - (middle - from) * factor, middle + (to - middle) * factor);
  }, { passive: false });
  canvas.addEventListener("pointerdown", event => {
    dragged = { x: event.clientX, from, to };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    if (dragged === null) return hover(event);
    const moved = (event.clientX - dragged.x) / (width - LEFT) * (dragged.to - dragged.from);
    show(dragged.from - moved, dragged.to - moved);
  });
  canvas.addEventListener("pointerup", () => { dragged = null; });
  canvas.addEventListener("pointerleave", () => { tip.style.display = "none"; });
  canvas.addEventListener("dblclick", () => show(0, facts.seconds));
  window.addEventListener("resize", redraw);

  const legend = document.getElementById("legend");
  facts.functions.slice(0, colours.length + 1).forEach((name, f) => {
    const mark = document.createElement("span"), square = document.createElement("i");
    square.style.background = colourOf(f);
    mark.append(square, f < colours.length ? name : "others");
    legend.append(mark);
  });

  // For tests: pixels of bars, without labels and axis.
  function painted() {
    pen.fillStyle = pale;
    pen.fillRect(0, 0, width, canvas.clientHeight);
    for (let lane = 0; lane < lanes; ++lane) drawLane(lane);
    const seen = new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    return seen.reduce((sum, colour) => sum + (colour !== seen[0]), 0);
  }

  draw();
  document.body.dataset.timeline = painted();
  draw();
  document.body.dataset.slices = count;
  document.body.dataset.ready = Math.round(performance.now());
})();
