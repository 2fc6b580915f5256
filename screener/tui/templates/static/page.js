// Lays the review's pictures over the terminal's cells. Loaded before textual.js, which opens the
// socket that they come through and reports the terminal's size on it.
"use strict";

const pictures = new Map(); // of the widgets that show them: {image, where: [x, y, width, height]}
let columns = 80;
let rows = 24;

function place() {
  const screen = document.querySelector(".xterm-screen");
  if (!screen) return;
  const whole = screen.getBoundingClientRect();
  const wide = whole.width / columns;
  const high = whole.height / rows;
  for (const { image, where } of pictures.values()) {
    const [x, y, width, height] = where;
    image.style.left = `${whole.left + x * wide}px`;
    image.style.top = `${whole.top + y * high}px`;
    image.style.width = `${width * wide}px`;
    image.style.height = `${height * high}px`;
  }
}

function lay({ of, where, png, ground }) {
  const before = pictures.get(of);
  if (!where) {
    before?.image.remove();
    pictures.delete(of);
    return;
  }
  const image = before?.image ?? document.body.appendChild(new Image());
  image.className = "radiograph";
  image.alt = "";
  image.style.background = ground;
  image.src = `data:image/png;base64,${png}`;
  pictures.set(of, { image, where });
  place();
}

window.WebSocket = class extends WebSocket {
  constructor(address) {
    super(new URL(address, location.href.replace(/^http/, "ws")));
    this.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      const [kind, told] = JSON.parse(data);
      if (kind === "picture") lay(told);
    });
    this.addEventListener("open", () => {
      document.querySelector(".xterm-helper-textarea")?.focus();
    });
    this.addEventListener("close", () => {
      for (const { image } of pictures.values()) image.remove();
      pictures.clear();
    });
  }

  send(data) {
    const [kind, told] = JSON.parse(data);
    if (kind === "resize") {
      columns = told.width;
      rows = told.height;
    }
    super.send(data);
    setTimeout(place); // once the terminal has its new size
  }
};
