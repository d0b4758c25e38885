// For whoever is out and about: drafts that stay in this browser while there is no network and are sent once there is, each under
// the name that it got when it was written, so that what is sent twice is one case; and where one stands. Each page works without this.
"use strict";
(function () {
  const KEY = "huying-drafts";
  const OWNER = "huying-drafts-owner";
  const read = () => JSON.parse(localStorage.getItem(KEY) || "[]");
  const write = (drafts) => localStorage.setItem(KEY, JSON.stringify(drafts));
  const list = document.querySelector("[data-drafts]");
  const form = document.querySelector("form[data-draft]");
  const locate = document.querySelector("[data-locate]");

  if (navigator.serviceWorker && document.querySelector("link[rel=manifest]")) navigator.serviceWorker.register("/worker.js");

  if (locate && navigator.geolocation) {
    locate.hidden = false;
    locate.addEventListener("click", function () {
      navigator.geolocation.getCurrentPosition(
        function (found) {
          const put = (name, degrees) => { locate.form.elements[name].value = degrees.toFixed(6); };
          put("place.longitude", found.coords.longitude);
          put("place.latitude", found.coords.latitude);
          locate.textContent = locate.dataset.found;
        },
        function () { locate.textContent = locate.dataset.failed; },
        { enableHighAccuracy: true, timeout: 15000 },
      );
    });
  }
  if (!list) return;

  // Who is signed in says so on the page; where there is no network, it is whoever was here last.
  if (list.dataset.owner) localStorage.setItem(OWNER, list.dataset.owner);
  const owner = list.dataset.owner || localStorage.getItem(OWNER) || "";

  if (form) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (!form.elements.title.value.trim()) return form.elements.title.focus();
      const fields = Object.fromEntries(new FormData(form));
      write(read().concat({ owner, external_ref: crypto.randomUUID(), recorded_at: new Date().toISOString(), fields }));
      form.reset();
      show();
      if (navigator.onLine) send();
    });
  }

  // Built of text alone: nothing that anybody wrote becomes markup.
  function show(sent) {
    list.replaceChildren();
    for (const draft of read().filter((draft) => draft.owner === owner)) {
      const item = document.createElement("li");
      item.textContent = draft.fields.title + " · " + (draft.refused ? list.dataset.refused : list.dataset.waits);
      if (draft.refused) item.append(" ", link("/report?" + new URLSearchParams(draft.fields), list.dataset.edit));
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "quiet";
      drop.textContent = list.dataset.drop;
      drop.addEventListener("click", function () {
        write(read().filter((other) => other.external_ref !== draft.external_ref));
        show(sent);
      });
      item.append(" ", drop);
      list.append(item);
    }
    for (const one of sent || []) {
      const item = document.createElement("li");
      item.append(link(one.address, one.title), " · " + list.dataset.sent);
      list.append(item);
    }
    document.querySelector("[data-drafts-none]").hidden = list.children.length > 0;
  }

  function link(address, text) {
    const made = document.createElement("a");
    made.href = address;
    made.textContent = text;
    return made;
  }

  let sending = false;
  const sent = [];
  async function send() {
    const word = document.querySelector("input[name=form-word]");
    // A page that was kept from before has nobody's word: it waits for one that is asked for anew.
    if (sending || !list.dataset.owner || !word) return;
    sending = true;
    try {
      for (const draft of read().filter((draft) => draft.owner === owner && !draft.refused)) {
        const body = new URLSearchParams({
          "form-word": word.value, do: "send", external_ref: draft.external_ref, recorded_at: draft.recorded_at,
          "place.party": list.dataset.place, channel: list.dataset.channel, kind: "CASE_KIND_REPORT", ...draft.fields,
        });
        const answer = await fetch("/report", { method: "POST", body });
        const path = new URL(answer.url).pathname;
        if (answer.ok && path.startsWith("/cases/")) {
          write(read().filter((other) => other.external_ref !== draft.external_ref));
          sent.push({ address: path, title: draft.fields.title });
        } else if (answer.status === 422) {
          write(read().map((other) => (other.external_ref === draft.external_ref ? { ...other, refused: true } : other)));
        } else {
          break;
        }
      }
    } catch (lost) {
      // No network after all: they stay, and are sent when it is back.
    }
    sending = false;
    show(sent);
  }

  window.addEventListener("online", send);
  show();
  if (navigator.onLine) send();
})();
