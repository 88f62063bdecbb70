"use strict";
// The page is whole without this. Here it becomes live: when the runner says that something has happened, the page is
// fetched again, and each part that is marked data-live and is different takes the place of the old one.
(() => {
  const root = document.body.dataset.root || "";
  const live = document.getElementById("live"), said = document.getElementById("said");
  const SOON_MS = 40, SHORTEST_MS = 200, LONGEST_MS = 2000, CALM_MS = 5000, TICK_MS = 1000, SETTLED_MS = 1200;
  const REOPEN_MS = 10000;
  let ahead = 0; // seconds by which the browser's clock is ahead of the server's
  let settled = 0;
  let timer = 0, fetching = false, again = false, last = 0, pause = SHORTEST_MS;

  // -- spans and countdowns ------------------------------------------------------------------
  const span = (s) => {
    const n = Math.max(0, Math.round(s));
    for (const [unit, size, lesser, part] of [["d", 86400, "h", 3600], ["h", 3600, "m", 60], ["m", 60, "s", 1]]) {
      if (n >= size) {
        const rest = Math.floor((n % size) / part);
        return Math.floor(n / size) + unit + (rest ? " " + rest + lesser : "");
      }
    }
    return n + "s";
  };
  const set = (body) => {
    const now = Date.now() / 1000;
    if (Math.abs(now - ahead - body.dataset.now) > 3) ahead = now - body.dataset.now;
  };
  const tick = () => {
    const now = Date.now() / 1000 - ahead;
    for (const one of document.querySelectorAll("time[data-since]")) show(one, span(now - one.dataset.since));
    for (const one of document.querySelectorAll("time[data-until]")) show(one, span(one.dataset.until - now));
  };
  const show = (one, text) => { if (one.textContent !== text) one.textContent = text; };

  // -- commands to copy ----------------------------------------------------------------------
  const copies = () => {
    for (const one of document.querySelectorAll(".command:not(.copies)")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      one.classList.add("copies");
      one.append(button);
    }
  };
  const copied = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea"); // without TLS a browser has no clipboard
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".command button");
    if (!button) return;
    try {
      await copied(button.parentElement.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    button.focus();
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  // -- live parts ----------------------------------------------------------------------------
  // What is open, chosen or filled in, and where the focus is, stays as it is. What is marked to be copied waits.
  const isMarked = (part) => {
    const marked = getSelection();
    return marked && !marked.isCollapsed && part.contains(marked.anchorNode);
  };
  const plain = (part) => {
    const copy = part.cloneNode(true);
    for (const one of copy.querySelectorAll("time[data-since], time[data-until]")) one.textContent = "";
    for (const one of copy.querySelectorAll("details")) one.removeAttribute("open");
    for (const one of copy.querySelectorAll(".command button")) one.remove();
    for (const one of [copy, ...copy.querySelectorAll(".copies, .changed")]) {
      one.classList.remove("copies", "changed");
      if (!one.className) one.removeAttribute("class");
    }
    return copy.innerHTML;
  };
  const places = (part, what) => [...part.querySelectorAll(what)];
  const USED = "a, button, summary, select, input, textarea", FILLED = "select, input:not([type=hidden]), textarea";
  const replace = (old, fresh) => {
    const open = places(old, "details").map((one) => one.open);
    const filled = places(old, FILLED).map((one) => one.value);
    const focused = places(old, USED).indexOf(document.activeElement);
    old.replaceWith(fresh);
    places(fresh, "details").forEach((one, place) => { if (open[place] !== undefined) one.open = open[place]; });
    places(fresh, FILLED).forEach((one, place) => { if (filled[place] !== undefined) one.value = filled[place]; });
    copies();
    if (focused >= 0) places(fresh, USED)[focused]?.focus({ preventScroll: true });
    if (fresh.classList.contains("card")) fresh.classList.add("changed");
  };
  const update = async () => {
    if (fetching) { again = true; return; }
    fetching = true;
    last = Date.now();
    try {
      const url = new URL(location.href);
      url.searchParams.delete("examine");
      const response = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (!response.ok || response.redirected) return;
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(old.id);
        if (fresh && plain(fresh) !== plain(old) && !isMarked(old)) replace(old, document.adoptNode(fresh));
      }
      if (document.title !== page.title) said.textContent = document.title = page.title;
      document.body.dataset.again = page.body.dataset.again || "";
      set(page.body);
      tick();
      later();
    } catch {
      // the stream says when the server is there again
    } finally {
      fetching = false;
      if (again) { again = false; soon(); }
    }
  };
  // The first change is shown at once; while they keep coming, the page is fetched less and less often.
  const soon = () => {
    if (timer) return;
    const since = Date.now() - last;
    pause = since > CALM_MS ? SHORTEST_MS : Math.min(LONGEST_MS, pause * 1.3);
    timer = setTimeout(() => { timer = 0; update(); }, Math.max(SOON_MS, pause - since));
  };

  // Something is still being read on the server, and nothing says when it is there.
  const later = () => {
    const seconds = Number(document.body.dataset.again);
    if (seconds) setTimeout(soon, seconds * 1000);
  };

  const listen = () => {
    const kinds = new Set((document.body.dataset.listens || "").split(" ").filter(Boolean));
    if (!kinds.size || !window.EventSource) return;
    let stream = null, was = null;
    const is = (up) => {
      live.hidden = false;
      live.classList.toggle("off", !up);
      live.lastElementChild.textContent = up ? "live" : "not live";
      if (was !== null && up !== was) soon();
      was = up;
    };
    const heard = (event) => {
      if (event.type === "runner") is(JSON.parse(event.data).is_up);
      if (!kinds.has(event.type)) return;
      soon();
      clearTimeout(settled); // what is told may be on the disk a little later
      settled = setTimeout(soon, SETTLED_MS);
    };
    const close = () => { stream?.close(); stream = null; };
    const lost = () => {
      is(false);
      if (stream?.readyState !== EventSource.CLOSED) return; // the browser itself tries it again
      close(); // it gave up, for example because a proxy said 502
      setTimeout(open, REOPEN_MS);
    };
    const open = () => {
      if (stream || document.hidden) return;
      stream = new EventSource(root + "/api/v1/stream");
      stream.onerror = lost;
      for (const kind of new Set([...kinds, "runner"])) stream.addEventListener(kind, heard);
    };
    // A browser has six connections to a server for all its tabs: those that nobody looks at leave theirs to the others.
    const look = () => {
      if (document.hidden) return close();
      open();
      soon();
    };
    open();
    document.addEventListener("visibilitychange", look);
    addEventListener("pagehide", close);
    addEventListener("pageshow", (event) => { if (event.persisted) look(); });
  };

  copies();
  set(document.body);
  tick();
  setInterval(tick, TICK_MS);
  later();
  listen();
})();
