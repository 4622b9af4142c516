/* What is said in the reader's language: the page carries it, by names, with places in braces; and what it asks for is answered
   in the same language, whatever another tab has switched to since. */
(function () {
  "use strict";
  const said = JSON.parse(document.getElementById("said-in-browser").textContent);

  const ask = window.fetch;
  window.fetch = function (address, options) {
    const request = new Request(address, options);
    if (request.url.startsWith(window.location.origin + "/")) {
      request.headers.set("Page-Language", document.documentElement.lang);
    }
    return ask.call(window, request);
  };

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.viz = Object.assign(window.dash_clientside.viz || {}, {
    /* Of two forms, the first is that for `count` 1. */
    said: function (name, values) {
      const text = Array.isArray(said[name]) ? said[name][values.count === 1 ? 0 : 1] : said[name];
      return text.replace(/\{(\w+)\}/g, (_, place) => String(values[place]));
    },
  });
})();
