// What follows a check and a run by itself. Without it every page works by being loaded again.
(() => {
  "use strict";
  const main = document.querySelector("main");
  const { page, eventsUrl, refreshSeconds } = main.dataset;
  const RETRY_MS = 5000;
  const find = (selector) => main.querySelector(selector);
  const say = (name) => find(`[data-says="${name}"]`);
  const made = (tag, className, textContent) => Object.assign(document.createElement(tag), { className, textContent });

  // A form is sent once. Its buttons are disabled a moment later, since the pressed one's name goes with it.
  const able = (form, is) => form.querySelectorAll("button").forEach((button) => (button.disabled = !is));
  addEventListener("submit", ({ target: form }) => {
    if (form.method === "post") setTimeout(able, 0, form, false);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => able(form, true)));

  // The page as it is now, in place of what is shown; but not under the hands of somebody who fills something in.
  let isAsking = false;
  async function renew() {
    if (isAsking || document.activeElement?.closest("form")) return;
    isAsking = true;
    try {
      const answer = await fetch(location.href);
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = found.querySelector("main");
      if (answer.url !== location.href || next?.dataset.page !== page || !next.dataset.refreshSeconds)
        return location.replace(answer.url);
      document.title = found.title;
      if (next.innerHTML !== main.innerHTML) main.replaceChildren(...next.childNodes);
    } catch { /* the server is away: it is asked again */ }
    isAsking = false;
  }

  function money(element, words) {
    const at = words.lastIndexOf(" ") + 1;
    element.replaceChildren(words.slice(0, at), made("span", "code", words.slice(at)));
  }

  // False: the page has no place for one of the numbers.
  function numbers({ counts = {}, totals = {} }) {
    let all = true;
    for (const [name, rows] of Object.entries(counts)) {
      const element = find(`[data-count="${name}"]`);
      if (element) {
        element.value = rows;
        element.textContent = rows.toLocaleString("en-US");
        element.closest("tr").classList.toggle("none", !rows);
      } else all &&= !rows;
    }
    for (const [name, amounts] of Object.entries(totals))
      for (const [code, { minor, words }] of Object.entries(amounts)) {
        const element = find(`[data-total="${name}:${code}"]`);
        if (element) {
          element.value = minor;
          money(element, words);
        } else all &&= !minor;
      }
    return all;
  }

  function show(state) {
    if (state.page !== "run") return location.reload();
    document.title = document.title.replace(/\d+ %/, `${state.percent} %`);
    find("progress").value = state.percent;
    for (const name of ["percent", "pace", "left", "waits"]) say(name).textContent = state[name] ?? "";
    const aloud = `${state.percent - (state.percent % 10)} %. ${state.waits ?? ""}`;
    if (say("aloud").textContent !== aloud) say("aloud").textContent = aloud;
    say("link").hidden = true;
    const notes = state.notes ?? [];
    say("notes").replaceChildren(...notes.map((note) => made("li", "any", note)));
    say("notes").parentElement.classList.toggle("nothing", !notes.length);
    if (!numbers(state) || (state.can_stop === false && find("form"))) renew();
  }

  function listen() {
    const events = new EventSource(eventsUrl);
    events.addEventListener("state", ({ data }) => show(JSON.parse(data)));
    events.onerror = () => {
      say("link").hidden = false;
      if (events.readyState === EventSource.CLOSED) setInterval(renew, RETRY_MS);
    };
  }

  if (eventsUrl) listen();
  else if (refreshSeconds) setInterval(renew, refreshSeconds * 1000);
})();
