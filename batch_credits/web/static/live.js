// What follows a check and a run by itself. Without it every page works by loading it again.
(() => {
  "use strict";
  const main = document.querySelector("main");
  const say = (name) => document.querySelector(`[data-says="${name}"]`);
  const RETRY_SECONDS = 5;

  // A form is sent once; the button's own name must still go with it, so that it is disabled a moment later.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) return event.preventDefault();
    if (form.method !== "post") return;
    form.dataset.sent = "yes";
    setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((button) => (button.disabled = false));
  }));

  async function fetched() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return { page, at: answer.url, main: page.querySelector("main") };
  }

  // A file that is being checked: look every few seconds, and show the page once it says something else.
  function follow(seconds) {
    setTimeout(async () => {
      try {
        const found = await fetched();
        if (!found.main || !found.main.dataset.refreshSeconds || found.at !== location.href) return location.replace(found.at);
      } catch { /* the server is away: it is asked again */ }
      follow(seconds);
    }, seconds * 1000);
  }

  function money(element, words) {
    const at = words.lastIndexOf(" ");
    const code = document.createElement("span");
    code.className = "code";
    code.textContent = words.slice(at + 1);
    element.replaceChildren(words.slice(0, at + 1), code);
  }

  // False: the page has no place for one of the numbers.
  function numbers(state) {
    let complete = true;
    for (const [name, rows] of Object.entries(state.counts || {})) {
      const element = document.querySelector(`[data-count="${name}"]`);
      if (element) [element.value, element.textContent] = [rows, rows.toLocaleString("en-US")];
      else if (rows) complete = false;
    }
    for (const [name, totals] of Object.entries(state.totals || {}))
      for (const [currency, total] of Object.entries(totals)) {
        const element = document.querySelector(`[data-total="${name}:${currency}"]`);
        if (element) element.value = total.minor, money(element, total.words);
        else if (total.minor) complete = false;
      }
    return complete;
  }

  let spoken = "";
  function aloud(state) {
    const words = [`${Math.floor(state.percent / 10) * 10} %`, state.waits].filter(Boolean).join(". ");
    if (words !== spoken) say("aloud").textContent = spoken = words;
  }

  let replacing = false;
  async function figures() {
    if (replacing) return;
    replacing = true;
    try {
      const found = (await fetched()).page.querySelector("[data-figures]");
      if (found) document.querySelector("[data-figures]").replaceWith(found);
    } catch { /* the next event says it again */ }
    replacing = false;
  }

  function show(state) {
    if (state.page !== "run") return location.reload();
    document.title = document.title.replace(/\d+ %/, `${state.percent} %`);
    document.querySelector("progress").value = state.percent;
    for (const name of ["percent", "pace", "left", "waits"]) say(name).textContent = state[name] ?? "";
    say("notes").replaceChildren(...(state.notes || []).map((note) => {
      const line = document.createElement("li");
      line.className = "any";
      line.textContent = note;
      return line;
    }));
    document.querySelector("[data-notes]").classList.toggle("nothing", !(state.notes || []).length);
    say("link").hidden = true;
    aloud(state);
    if (!numbers(state)) figures();
  }

  function listen() {
    const events = new EventSource(main.dataset.eventsUrl);
    events.addEventListener("state", (event) => show(JSON.parse(event.data)));
    events.onerror = () => {
      say("link").textContent = say("link").dataset.lost;
      say("link").hidden = false;
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_SECONDS * 1000);
    };
  }

  if (main.dataset.eventsUrl) listen();
  else if (main.dataset.refreshSeconds) follow(Number(main.dataset.refreshSeconds));
})();
