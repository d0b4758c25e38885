// Live lines on the wall. Each page works without this; with it, what happens is shown as it happens.
"use strict";
(function () {
  const list = document.querySelector("[data-live]");
  if (!list || !window.EventSource) return;
  const most = 30;
  const notice = document.querySelector("[data-live-state]");
  const source = new EventSource(list.dataset.live);
  source.addEventListener("open", function () {
    if (notice) notice.textContent = notice.dataset.on;
  });
  source.addEventListener("error", function () {
    if (notice) notice.textContent = notice.dataset.off;
  });
  source.addEventListener("line", function (event) {
    // Built of text alone: nothing that anybody wrote becomes markup.
    const line = JSON.parse(event.data);
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.dateTime = line.at;
    time.textContent = line.clock;
    const link = document.createElement("a");
    link.href = line.address;
    link.textContent = line.case;
    item.append(time, " ", link, " ", line.said);
    list.prepend(item);
    while (list.children.length > most) list.lastElementChild.remove();
  });
})();
