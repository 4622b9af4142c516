/* What only the browser knows or does: light or dark, and where the focus goes when a page turns. */
(function () {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let arrived = false;

  dark.addEventListener("change", function () {
    window.dash_clientside.set_props("scheme", { data: dark.matches ? "dark" : "light" });
  });

  /* A menu closes as menus do: by Escape, or when something else is pressed. */
  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(except)) {
        menu.open = false;
      }
    });
  }
  document.addEventListener("pointerdown", function (event) {
    closeMenus(event.target);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      closeMenus(null);
    }
  });

  function element(type, props) {
    return { type: type, namespace: "dash_html_components", props: props };
  }

  /* Of a point: its fragment, support, and perhaps its similarity. Of a cell: its two fragments. */
  function cardOf(point, meta) {
    const told = point.customdata;
    const isPair = typeof told[1] === "string";
    const names = isPair && told[0] !== told[1] ? [told[0], told[1]] : [told[0]];
    const parts = names.map(function (name) {
      const query = new URLSearchParams({ fragment: name, run: meta.run || "current" });
      const drawing = element("Img", { src: "/drawings/of-fragment?" + query, alt: "", className: "structure small" });
      return element("Div", { children: (meta.drawn ? [drawing] : []).concat(element("Code", { children: name })) });
    });
    const percent = isPair ? point.z : told[2];
    const words = isPair ? [] : [Number(told[1]).toLocaleString("en") + " compounds"];
    if (percent !== undefined && percent !== null) {
      const shown = percent.toFixed(1).replace("-", "\u2212");
      words.push(shown + (isPair ? " % alike" : " % like the chosen fragment"));
    }
    const pair = element("Div", { children: parts, className: "pair" });
    return element("Div", { children: [pair, element("P", { children: words.join(", ") })], className: "card-text" });
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    viz: {
      scheme: function () {
        return dark.matches ? "dark" : "light";
      },
      card: function (hover, figure) {
        const skip = window.dash_clientside.no_update;
        const point = hover && hover.points && hover.points[0];
        if (!point || !point.customdata || !point.bbox) {
          return [false, skip, skip];
        }
        const meta = (figure && figure.layout && figure.layout.meta) || {};
        return [true, point.bbox, cardOf(point, meta)];
      },
      arrive: function (title) {
        if (title) {
          document.title = title + " · ntdemo";
          if (arrived) {
            document.getElementById("content").focus({ preventScroll: true });
          }
          arrived = true;
        }
        return window.dash_clientside.no_update;
      },
    },
  });
})();
