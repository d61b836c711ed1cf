// What the platform does not do by itself. Everything works without this file, by plain forms.
"use strict";
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // -- live updates: not while nobody looks, and at once when somebody looks again
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id === "poller" && document.hidden) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && one("#poller")) htmx.trigger("#poller", "refresh");
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    // A refused or broken answer keeps the page as it is; the mark in the header says so.
    const status = one("#status");
    if (status) status.classList.toggle("stale", event.detail.xhr.status >= 400);
  });
  // A page that is to load itself anew waits while a dialogue is open, while somebody types, and
  // while a form is on its way, which it would call back; the next poll tells it again.
  let sent = false;
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    sent = true;
    event.submitter?.setAttribute("aria-busy", "true");
    if (event.target.method === "post" && !event.target.closest(".sign-in")) keepTyped(event.target);
  });
  window.addEventListener("pageshow", () => {
    sent = false;
    for (const button of all("[aria-busy]")) button.removeAttribute("aria-busy");
  });
  // What was typed survives a session that has ended: it is put back into the same form of the same
  // page after signing in. Secrets are not kept, nor that all that match are meant.
  const place = () => location.pathname + location.search;
  const alike = (form) => all("form").filter((one) => one.getAttribute("action") === form.getAttribute("action"));
  const fieldsOf = (form) =>
    all("input:not([type=hidden], [type=password], [type=file]), select, textarea", form)
      .filter((field) => field.name && field.name !== "_all" && !/password|secret|code/.test(field.name));
  const valueOf = (field) => (field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value);
  const hiddenOf = (form) =>
    all("input[type=hidden]:not([name=csrfmiddlewaretoken], [name=token])", form).map((field) => field.value).join("\n");
  function keepTyped(form) {
    const typed = fieldsOf(form).map((field) => [field.name, valueOf(field)]);
    const draft = { place: place(), action: form.getAttribute("action"), nth: alike(form).indexOf(form),
      hidden: hiddenOf(form), typed };
    sessionStorage.setItem("typed", JSON.stringify(draft));
  }
  function putTypedBack() {
    const draft = JSON.parse(sessionStorage.getItem("typed") ?? "null");
    if (!draft || one(".sign-in")) return;
    sessionStorage.removeItem("typed");
    if (!/\/(login|second-factor)\//.test(document.referrer) || draft.place !== place()) return;
    const form = all("form").filter((one) => one.getAttribute("action") === draft.action)[draft.nth];
    const fields = form ? fieldsOf(form) : [];
    const same = fields.length === draft.typed.length && fields.every((field, at) => field.name === draft.typed[at][0]);
    if (!fields.length || !same || hiddenOf(form) !== draft.hidden) return;
    for (const [at, field] of fields.entries()) {
      const value = draft.typed[at][1];
      if (typeof value === "boolean") field.checked = value; else field.value = value;
    }
    form.closest("[popover]")?.showPopover();
    count();
  }
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!event.detail.xhr.getResponseHeader("HX-Refresh")) return;
    const types = document.activeElement.matches("main :is(input, textarea, select)");
    if (sent || types || one(":popover-open")) event.preventDefault();
  });
  // A cell in which somebody types, or that has the focus and no id to find it again, is kept
  // as it is; then so is the digest, so that the next answer brings the cell once more.
  let kept = false;
  document.addEventListener("htmx:beforeSwap", () => { kept = false; });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const cell = event.detail.target;
    const at = document.activeElement;
    const busy = cell.contains(at) && (!at.id || at.matches("input, textarea, select"));
    if (busy || one(":popover-open", cell)) kept = true;
    else if (!kept || cell.id !== "digest") return;
    event.preventDefault();
  });
  document.addEventListener("htmx:sendError", () => one("#status")?.classList.add("stale"));
  // A click that came to nothing is told, once; that a poll did is said in the header.
  function refused(event) {
    if (event.target.id === "poller") return;
    const { xhr, requestConfig } = event.detail;
    const status = xhr?.status ?? 0;
    let why = requestConfig?.verb === "get" ? "unread" : "unknown";
    if (status === 403) why = xhr.getResponseHeader("X-Refused") ?? "forbidden";
    else if ([404, 405, 409, 413].includes(status)) why = "undone";
    const text = one(`#toast-${why}`);
    if (!text || one(`#messages [data-toast="${why}"]`)) return;
    one("#messages").append(text.content.cloneNode(true));
  }
  for (const name of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(name, refused);
  // An alarm that sounds while the page is open is told beside what the person is doing; those
  // that it was opened with stand in its header.
  let told = null;
  function tellAlarms() {
    const alarms = all("#status template[data-alarm]");
    for (const alarm of alarms) {
      if (told && !told.has(alarm.dataset.alarm)) one("#messages").append(alarm.content.cloneNode(true));
    }
    told = new Set(alarms.map((alarm) => alarm.dataset.alarm));
  }
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.id === "status") tellAlarms();
  });
  document.addEventListener("theme", (event) => {
    const theme = event.detail.value;
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  });

  // -- copying what a button names; without a clipboard it is selected, to be copied by hand
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.classList.add("copied");
      setTimeout(() => button.classList.remove("copied"), 1500);
      one("#said").textContent = button.dataset.copy;
    } catch {
      getSelection().selectAllChildren(button.previousSibling?.parentElement ?? button);
    }
  }

  // -- columns of a table: which are shown, and how wide; each browser keeps its own
  document.addEventListener("columns", (event) => {
    for (const cell of all("th[data-column]")) {
      const key = cell.dataset.column;
      cell.closest("table").classList.toggle(`no-${key}`, event.detail.hidden.includes(key));
    }
  });
  const wide = matchMedia("(min-width: 1101px)");
  const widths = () => JSON.parse(localStorage.getItem("widths") ?? "{}");
  function setWidths() {
    const kept = wide.matches ? widths() : {};
    for (const cell of all("th[data-column]")) {
      cell.style.width = kept[cell.dataset.column] ? `${kept[cell.dataset.column]}px` : "";
      if (one(".grip", cell)) continue;
      const grip = document.createElement("span");
      grip.className = "grip";
      grip.setAttribute("aria-hidden", "true");
      cell.append(grip);
    }
  }
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.matches(".grip")) return;
    const cell = event.target.parentElement;
    const start = cell.offsetWidth - event.clientX;
    event.preventDefault();
    event.target.setPointerCapture(event.pointerId);
    event.target.onpointermove = (to) => { cell.style.width = `${Math.max(56, start + to.clientX)}px`; };
    event.target.onlostpointercapture = () => {
      event.target.onpointermove = null;
      localStorage.setItem("widths", JSON.stringify({ ...widths(), [cell.dataset.column]: cell.offsetWidth }));
    };
  });
  document.addEventListener("dblclick", (event) => {
    if (!event.target.matches(".grip")) return;
    const { [event.target.parentElement.dataset.column]: _, ...kept } = widths();
    localStorage.setItem("widths", JSON.stringify(kept));
    setWidths();
  });
  wide.addEventListener("change", setWidths);

  // -- selection: a header box, ranges with Shift, a count, "all that match"
  let last = null;
  const boxes = () => all("[data-row-tick]");
  function count() {
    if (!one("#picked")) return;
    const ticked = boxes().filter((box) => box.checked);
    const everything = one("#all-matching");
    const shown = everything?.checked ? Number(everything.dataset.count) : ticked.length;
    const cannot = ticked.filter((box) => box.hasAttribute("data-cannot")).length;
    one("#picked").textContent = shown ? shown.toLocaleString(document.documentElement.lang) : "0";
    one("#cannot").hidden = !cannot || everything?.checked;
    one("#cannot b").textContent = cannot;
    for (const button of all("#clear, #bind, #choose-many, #retry-many")) button.disabled = !shown;
    const head = one("#tick-all");
    if (!head) return;
    head.checked = ticked.length > 0 && ticked.length === boxes().length;
    head.indeterminate = ticked.length > 0 && !head.checked;
  }
  function range(box) {
    const list = boxes();
    const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b);
    if (from >= 0) for (const between of list.slice(from, to + 1)) between.checked = box.checked;
  }
  function clear() {
    for (const box of boxes()) box.checked = false;
    if (one("#all-matching")) one("#all-matching").checked = false;
    last = null;
    count();
  }
  // A link that htmx follows in place opens in a new tab or window where that is asked for.
  document.addEventListener("click", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.shiftKey;
    if (modified && event.target.closest("a[hx-get]")) event.stopPropagation();
  }, true);
  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-row-tick]");
    if (box) {
      if (event.shiftKey && last) range(box);
      last = box;
      count();
    }
    if (event.target.closest("#clear")) clear();
    if (event.target.closest("[data-close-side]")) closeSide();
    const turn = event.target.closest("[data-turn-side]");
    if (turn) turnSide(Number(turn.dataset.turnSide));
    if (event.target.closest("[data-print]")) print();
    if (event.target.closest("[data-reset-widths]")) {
      localStorage.removeItem("widths");
      setWidths();
    }
    const copied = event.target.closest("[data-copy]");
    if (copied) copy(copied);
    event.target.closest("[data-dismiss]")?.closest(".message").remove();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "tick-all") for (const box of boxes()) box.checked = event.target.checked;
    if (event.target.closest("#tick-all, #all-matching, [data-row-tick]")) count();
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
  // Rows that a filter or a late answer brings anew keep tick and focus; those it takes away do not.
  let before = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id !== "results") return;
    const ticked = boxes().filter((box) => box.checked).map((box) => box.value);
    before = { ticked, last: last?.value, row: document.activeElement.closest("tr[data-row]")?.id };
  });
  function again() {
    for (const box of boxes()) box.checked ||= before.ticked.includes(box.value);
    last = boxes().find((box) => box.value === before.last) ?? null;
    const row = before.row && document.getElementById(before.row);
    if (row) (one("[data-open]", row) ?? asks(row) ?? one("a, input", row))?.focus();
    count();
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "results") setWidths();
    if (event.target.id === "results" && before) again();
    if (event.target.id === "choose") event.target.showPopover();
    if (event.target.id === "side") showSide(event.target, event.detail.requestConfig.elt);
  });

  // -- an account's story beside the table: Esc leads back to its row, j and k to the next one's
  let opener = null;
  function showSide(side, link) {
    opener = link.id;
    if (!side.matches(":popover-open")) side.showPopover();
    side.scrollTop = 0;
    one("h2", side)?.focus();
  }
  function closeSide() {
    one("#side").hidePopover();
    document.getElementById(opener)?.focus();
  }
  function turnSide(by) {
    const links = all("[data-open]");
    links[links.findIndex((link) => link.id === opener) + by]?.click();
  }

  // -- choosing a client: one key in a row or in the dialogue, then on to the next row that asks
  let onwards = null;
  const asks = (row) => one(".pick, [data-choose]", row);
  function choose(row, key) {
    const pick = one(`button.pick[data-key="${key}"]`, row);
    if (pick) pick.click(); else one("[data-choose]", row)?.click();
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    const row = event.target.closest?.(".pick, .undo")?.closest("tr[data-row]");
    if (!row) return;
    const rows = all("tr[data-row]");
    const after = rows.slice(rows.indexOf(row) + 1).find(asks);
    onwards = [event.target.matches(".pick") && after ? after.id : row.id, row.id];
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!onwards) return;
    const row = document.getElementById(onwards[0]) ?? document.getElementById(onwards[1]);
    onwards = null;
    if (row) (asks(row) ?? one("[data-open], a, input", row))?.focus();
    count();
  });

  // -- keyboard
  function move(by) {
    if (document.activeElement.closest("#side")) return turnSide(by);
    const rows = all("tr[data-row]");
    const now = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.min(rows.length - 1, Math.max(0, now + by))];
    if (next) (one("[data-open]", next) ?? asks(next) ?? one("a, input", next))?.focus();
  }
  // Letters are told by their place on the keyboard, so that they work in any script.
  const letterOf = (event) => (/^Key[A-Z]$/.test(event.code) ? event.code[3].toLowerCase() : event.key);
  const keys = {
    "/": () => one("[data-search]")?.focus(),
    "?": () => one("#keys")?.togglePopover(),
    b: () => one("#bind:enabled")?.click(),
    r: () => one("#retry-button, #run-causes [id^='r-']")?.focus(),
    j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
  };
  // -- the palette: Ctrl-K, then letters, arrows and Enter
  function openPalette() {
    if (!one("#palette")) return;
    one("#palette").togglePopover();
    one("#palette:popover-open input")?.select();
  }
  function walk(event, at) {
    const stops = all("#palette-word, #found a");
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) stops[Math.min(stops.length - 1, Math.max(0, stops.indexOf(at) + by))]?.focus();
    else if (event.key === "Enter" && at.id === "palette-word") follow();
    else return;
    event.preventDefault();
  }
  // Enter follows what fits the letters that stand there; what was found for others is not it.
  let follows = false;
  function follow() {
    const word = one("#palette-word").value.trim();
    follows = one("#found")?.dataset.word !== word;
    if (!follows) one("#found a")?.click();
  }
  document.addEventListener("htmx:afterSettle", () => { if (follows) follow(); });
  document.addEventListener("input", (event) => { if (event.target.id === "palette-word") follows = false; });
  document.addEventListener("keydown", (event) => {
    if (event.code === "KeyK" && (event.ctrlKey || event.metaKey)) {
      openPalette();
      event.preventDefault();
    }
    if (document.activeElement.matches("#palette-word, #found a")) walk(event, document.activeElement);
  });

  document.addEventListener("keydown", (event) => {
    const at = document.activeElement;
    const typing = at.matches("input:not([type=checkbox]), textarea, select") || one(":popover-open:not(#side)");
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape" && one("#side:popover-open") && !one(":popover-open:not(#side)")) {
      closeSide();
      return;
    }
    if (event.key === "Escape" && !one(":popover-open")) {
      if (typing) at.blur(); else clear();
      return;
    }
    const dialogue = one("#choose:popover-open");
    if (dialogue && /^[1-9]$/.test(event.key) && !at.matches("#other")) {
      const radio = one(`[data-key="${event.key}"]`, dialogue);
      if (!radio) return;
      radio.checked = true;
      radio.form.requestSubmit();
      return event.preventDefault();
    }
    if (typing) return;
    const asking = at.closest("tr[data-row]");
    if (asking && /^[1-9]$/.test(event.key) && asks(asking)) {
      choose(asking, event.key);
      return event.preventDefault();
    }
    const box = at.closest("tr[data-row]") && one("[data-row-tick]", at.closest("tr[data-row]"));
    const key = letterOf(event);
    if (key === "x" && box) {
      box.checked = !box.checked;
      if (event.shiftKey && last) range(box);
      last = box;
      count();
    } else if (keys[key] && (!key.startsWith("Arrow") || at.closest("tr[data-row]"))) keys[key]();
    else return;
    event.preventDefault();
  });

  // -- times stand in the time zone of this browser, which the server learns from a cookie
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if (timeZone && !document.cookie.split("; ").includes(`timezone=${timeZone}`)) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `timezone=${timeZone}; path=/; max-age=31536000; samesite=lax${secure}`;
  }

  // -- times stay true without asking the server
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "short" });
  setInterval(() => {
    for (const time of all("time[data-ago]")) {
      const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
      if (seconds < 60) continue;
      const [size, unit] = seconds < 3600 ? [60, "minute"] : seconds < 86400 ? [3600, "hour"] : [86400, "day"];
      const text = words.format(-Math.floor(seconds / size), unit);
      if (time.textContent !== text) time.textContent = text;
    }
  }, 20000);
  setInterval(() => {
    for (const time of all("time[data-until]")) {
      const left = Math.max(0, Math.round((Date.parse(time.dateTime) - Date.now()) / 1000));
      time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    }
  }, 1000);
  // Good news leaves by itself; warnings and errors stay until they are dismissed.
  setTimeout(() => all(".m-success").forEach((message) => message.remove()), 8000);
  setWidths();
  tellAlarms();
  putTypedBack();
  count();
})();
