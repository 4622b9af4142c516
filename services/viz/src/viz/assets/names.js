/* Bokeh gives the handles of its sliders no name; a screen reader needs one. They get the slider's visible title. */
(function () {
  "use strict";
  const said = JSON.parse(document.getElementById("said-in-browser").textContent);

  function walk(root) {
    root.querySelectorAll("[role=slider]:not([aria-label])").forEach(function (handle) {
      const title = root.querySelector(".bk-slider-title");
      if (title && title.textContent) {
        const ends = root.querySelectorAll("[role=slider]").length > 1;
        const end = handle.dataset.handle === "0" ? said.lower : said.upper;
        const name = title.textContent.split(":")[0];
        handle.setAttribute("aria-label", ends ? end.replace("{title}", () => name) : name);
      }
    });
    root.querySelectorAll("*").forEach(function (element) {
      if (element.shadowRoot) {
        walk(element.shadowRoot);
      }
    });
  }
  window.setInterval(walk, 500, document);
})();
