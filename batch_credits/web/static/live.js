// What follows a check and a run by itself. Without it every page works by being loaded again.
(() => {
  "use strict";
  const main = document.querySelector("main");
  const say = (name) => document.querySelector(`[data-says="${name}"]`);
  const made = (tag, className, textContent) => Object.assign(document.createElement(tag), { className, textContent });
  const RETRY_MS = 5000;

  // A form is sent once. Its buttons are disabled a moment later, since the pressed one's name goes with it.
  const able = (form, is) => form.querySelectorAll("button").forEach((button) => (button.disabled = !is));
  addEventListener("submit", ({ target: form }) => {
    if (form.method === "post") setTimeout(able, 0, form, false);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => able(form, true)));

  async function again() {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return { at: answer.url, main: page.querySelector("main") };
  }

  // A file that is being checked: look again until the page says something else.
  const follow = (ms) => setTimeout(async () => {
    try {
      const found = await again();
      if (found.at !== location.href || !found.main?.dataset.refreshSeconds) return location.replace(found.at);
    } catch { /* asked again */ }
    follow(ms);
  }, ms);

  function money(element, words) {
    const at = words.lastIndexOf(" ") + 1;
    element.replaceChildren(words.slice(0, at), made("span", "code", words.slice(at)));
  }

  // False: the page has no place for one of the numbers.
  function numbers({ counts = {}, totals = {} }) {
    let all = true;
    for (const [name, rows] of Object.entries(counts)) {
      const element = document.querySelector(`[data-count="${name}"]`);
      if (element) {
        element.value = rows;
        element.textContent = rows.toLocaleString("en-US");
        element.closest("tr").classList.toggle("none", !rows);
      } else all &&= !rows;
    }
    for (const [name, amounts] of Object.entries(totals))
      for (const [code, { minor, words }] of Object.entries(amounts)) {
        const element = document.querySelector(`[data-total="${name}:${code}"]`);
        if (element) {
          element.value = minor;
          money(element, words);
        } else all &&= !minor;
      }
    return all;
  }

  let isFetching = false;
  async function figures() {
    if (isFetching) return;
    isFetching = true;
    try {
      const found = (await again()).main.querySelector("[data-figures]");
      if (found) document.querySelector("[data-figures]").replaceWith(found);
    } catch { /* asked again */ }
    isFetching = false;
  }

  function list(notes) {
    say("notes").replaceChildren(...notes.map((note) => made("li", "any", note)));
    say("notes").parentElement.classList.toggle("nothing", !notes.length);
  }

  function show(state) {
    if (state.page !== "run") return location.reload();
    document.title = document.title.replace(/\d+ %/, `${state.percent} %`);
    document.querySelector("progress").value = state.percent;
    for (const name of ["percent", "pace", "left", "waits"]) say(name).textContent = state[name] ?? "";
    const aloud = `${state.percent - (state.percent % 10)} %. ${state.waits ?? ""}`;
    if (say("aloud").textContent !== aloud) say("aloud").textContent = aloud;
    say("link").hidden = true;
    list(state.notes ?? []);
    if (!numbers(state)) figures();
  }

  const retry = () => setTimeout(() => fetch(location.href).then(() => location.reload(), retry), RETRY_MS);

  function listen() {
    const events = new EventSource(main.dataset.eventsUrl);
    events.addEventListener("state", ({ data }) => show(JSON.parse(data)));
    events.onerror = () => {
      say("link").hidden = false;
      if (events.readyState === EventSource.CLOSED) retry();
    };
  }

  const { eventsUrl, refreshSeconds } = main.dataset;
  if (eventsUrl) listen();
  else if (refreshSeconds) follow(refreshSeconds * 1000);
})();
