/* What is said in the reader's language: the page carries it, by names, with places in braces. */
(function () {
  "use strict";
  const said = JSON.parse(document.getElementById("said-in-browser").textContent);

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.viz = Object.assign(window.dash_clientside.viz || {}, {
    /* Of two forms, the first is that for `count` 1. */
    said: function (name, values) {
      const text = Array.isArray(said[name]) ? said[name][values.count === 1 ? 0 : 1] : said[name];
      return text.replace(/\{(\w+)\}/g, (_, place) => String(values[place]));
    },
  });
})();
