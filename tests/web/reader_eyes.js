// Looks at a page as its readers do. tests/web/test_browser.py runs these functions in the page.

const inView = (one) => one.checkVisibility();
const USABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary";
const start = (one) => one.outerHTML.slice(0, 90);

// -- contrast ------------------------------------------------------------------------------------

const parsed = (text) => {
  const found = text.match(/[\d.]+/g).map(Number);
  return found.length < 4 ? [...found.slice(0, 3), 1] : found;
};
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const light = (c) => 0.2126 * linear(c[0] / 255) + 0.7152 * linear(c[1] / 255) + 0.0722 * linear(c[2] / 255);
const behind = (element) => {
  const layers = [];
  for (let one = element; one; one = one.parentElement) layers.unshift(parsed(getComputedStyle(one).backgroundColor));
  return layers.reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
};
const ratio = (element, colour) => {
  const [a, b] = [light(over(parsed(colour), behind(element))), light(behind(element))].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
};

// The texts and symbols whose contrast is below WCAG's AA: 4.5, and 3 of a large text or a symbol.
function faint() {
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    if (!inView(element) || element.closest(".unseen, .skip, svg")) continue;
    const texts = [...element.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim());
    if (!texts.length) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const has = ratio(element, style.color);
    if (has < least) found.push(`${has.toFixed(2)}: ${texts[0].textContent.trim().slice(0, 40)}`);
  }
  for (const symbol of document.querySelectorAll("svg.i, .band rect, .wire path")) {
    const style = getComputedStyle(symbol);
    const colour = symbol.matches("rect") ? style.fill : symbol.matches("path") ? style.stroke : style.color;
    const has = ratio(symbol.closest("div, li, p, h1, h2, h3, td, section"), colour);
    if (inView(symbol) && has < 3) found.push(`${has.toFixed(2)}: ${start(symbol)}`);
  }
  return [...new Set(found)];
}

// -- width ---------------------------------------------------------------------------------------

// What sticks out of the window to the right.
function wider() {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > width + 0.5).map(start).slice(0, 5);
}

// -- the keyboard --------------------------------------------------------------------------------

// How many things a reader with a mouse can use.
function usable() {
  return [...document.querySelectorAll(USABLE)].filter(inView).length;
}

// What the keyboard has reached, and whether that is seen; null at the end of the page.
function reached() {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  one.dataset.reached = "yes";
  const style = getComputedStyle(one);
  return { what: start(one), seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
}

// What the keyboard has not reached. Of radio buttons it reaches the chosen one.
function notReached() {
  return [...document.querySelectorAll(USABLE)]
    .filter((one) => inView(one) && !one.dataset.reached && !(one.type === "radio" && !one.checked)).map(start);
}

// -- structure -----------------------------------------------------------------------------------

// What a reader who does not see the page would miss.
function bare() {
  const all = (what) => [...document.querySelectorAll(what)];
  const ids = all("[id]").map((one) => one.id);
  const problems = [
    ...all("a[href], button, summary").filter((one) => !one.textContent.trim() && !one.getAttribute("aria-label")),
    ...all("a[aria-label], button[aria-label]").filter((one) => one.textContent.trim()), // what is read is what is seen
    ...all("svg").filter((one) => one.getAttribute("aria-hidden") !== "true" && !one.getAttribute("aria-label")),
    ...all("input:not([type=hidden]), select, textarea").filter((one) => !one.labels.length),
    ...all("table").filter((one) => !one.caption || !one.querySelector("th[scope=col]")),
    ...all("[aria-labelledby]").filter((one) => !document.getElementById(one.getAttribute("aria-labelledby"))),
    ...all("section").filter((one) => !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby")),
  ].map(start);
  problems.push(...ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => `twice: ${id}`));
  if (all("h1").length !== 1) problems.push("a page has one h1");
  if (all("main").length !== 1 || all("nav[aria-label]").length < 1) problems.push("a landmark is missing");
  if (!document.documentElement.lang || !document.title.endsWith("gluehook")) problems.push("no title or language");
  return problems;
}
