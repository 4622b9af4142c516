/* What only the browser knows or does: light or dark, and where the focus goes when a page turns. */
(function () {
  "use strict";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let arrived = false;
  const said = (name, values) => window.dash_clientside.viz.said(name, values);

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

  /* What a press was refused is said on the page; Dash keeps silent about it. */
  const ask = window.fetch;
  window.fetch = async function (...asked) {
    const answer = await ask.apply(window, asked);
    if (answer.status >= 400 && answer.headers.get("content-type") === "application/problem+json") {
      const told = await answer.clone().json();
      window.dash_clientside.set_props("notice", { children: told.detail });
    }
    return answer;
  };

  /* A file goes to the server as it is, and the page turns to it. */
  function send(file) {
    const status = document.getElementById("data-status");
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", function (event) {
      const done = event.lengthComputable ? Math.floor((100 * event.loaded) / event.total) + " %" : "";
      status.textContent = said("handing-in", { file: file.name, done: done });
    });
    request.addEventListener("load", function () {
      const told = JSON.parse(request.responseText);
      if (request.status >= 400) {
        status.textContent = told.detail;
        return;
      }
      status.textContent = said("handed-in", { file: told.name });
      window.dash_clientside.set_props("address", { search: "?dataset=" + told.sha256 });
    });
    request.addEventListener("error", function () {
      status.textContent = said("not-handed-in");
    });
    request.open("POST", "/uploads?name=" + encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Page-Language", document.documentElement.lang);
    request.send(file);
  }

  function element(type, props) {
    return { type: type, namespace: "dash_html_components", props: props };
  }

  /* As `View.choosing`: of another fragment no atom is pressed, and nothing stands beside it. */
  function choosing(search, fragment) {
    const query = new URLSearchParams(search);
    query.set("fragment", fragment);
    query.delete("atom");
    query.delete("by");
    return "?" + query;
  }

  function metaOf(figure) {
    return (figure && figure.layout && figure.layout.meta) || {};
  }

  /* The fragments of a cell, where the figure is a matrix. */
  function pairOf(point, meta) {
    const rows = meta.rows || [];
    return point.y in rows && point.x in rows ? [rows[point.y], rows[point.x]] : null;
  }

  /* Of a point: its fragment, support, and perhaps its similarity. Of a cell: its two fragments. */
  function cardOf(told, point, meta) {
    const isPair = typeof told[1] === "string";
    const names = isPair && told[0] !== told[1] ? [told[0], told[1]] : [told[0]];
    const parts = names.map(function (name) {
      const query = new URLSearchParams({ fragment: name, run: meta.run || "current" });
      const drawing = element("Img", { src: "/drawings/of-fragment?" + query, alt: "", className: "structure small" });
      return element("Div", { children: (meta.drawn ? [drawing] : []).concat(element("Code", { children: name })) });
    });
    const percent = isPair ? point.z : told[2];
    const words = isPair ? [] : [said("compounds", { count: Number(told[1]).toLocaleString("en") })];
    if (percent !== undefined && percent !== null) {
      const shown = percent.toFixed(1).replace("-", "\u2212");
      words.push(said(isPair ? "alike" : "like-chosen", { percent: shown }));
    }
    const pair = element("Div", { children: parts, className: "pair" });
    return element("Div", { children: [pair, element("P", { children: words.join(", ") })], className: "card-text" });
  }

  /* The fragments with most support in view, none of whose names lie on each other. */
  function namesInView(points, ends, most) {
    const [left, right, low, high] = ends;
    const order = points.customdata.map((_, at) => at).filter(function (at) {
      return points.x[at] >= left && points.x[at] <= right && points.y[at] >= low && points.y[at] <= high;
    });
    order.sort((one, other) => points.customdata[other][1] - points.customdata[one][1]);
    const chosen = [];
    for (const at of order) {
      const free = chosen.every(function (other) {
        const across = Math.abs(points.x[at] - points.x[other]) / (right - left);
        const up = Math.abs(points.y[at] - points.y[other]) / (high - low);
        return across > 0.14 || up > 0.035;
      });
      if (free) {
        chosen.push(at);
      }
      if (chosen.length === most) {
        break;
      }
    }
    return chosen;
  }

  function short(name) {
    return name.length <= 18 ? name : name.slice(0, 9) + "…" + name.slice(-8);
  }

  async function drawAtoms() {
    const place = document.querySelector(".pressable");
    if (!place || place.dataset.drawn === place.dataset.drawing) {
      return;
    }
    place.dataset.drawn = place.dataset.drawing;
    const answer = await window.fetch(place.dataset.drawing);
    if (!answer.ok) {
      return; // what is no molecule is said beside
    }
    place.replaceChildren(new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement);
    const chosen = new URLSearchParams(window.location.search).get("atom");
    place.querySelectorAll("circle.atom").forEach(function (atom) {
      atom.setAttribute("role", "button");
      atom.setAttribute("tabindex", "0");
      atom.setAttribute("aria-label", said("atom", { atom: atom.dataset.atom, element: atom.dataset.element }));
      atom.setAttribute("aria-pressed", String(atom.dataset.atom === chosen));
    });
  }

  function pressAtom(event) {
    const atom = event.target.closest && event.target.closest(".pressable circle.atom");
    if (atom) {
      event.preventDefault();
      const query = new URLSearchParams(window.location.search);
      query.set("atom", atom.dataset.atom);
      query.delete("fragment");
      query.delete("by");
      window.dash_clientside.set_props("address", { search: "?" + query });
    }
  }
  document.addEventListener("click", pressAtom);
  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter" || event.key === " ") {
      pressAtom(event);
    }
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.viz = Object.assign(window.dash_clientside.viz || {}, {
    scheme: function () {
      return dark.matches ? "dark" : "light";
    },
    card: function (hover, figure) {
      const skip = window.dash_clientside.no_update;
      const point = hover && hover.points && hover.points[0];
      const meta = metaOf(figure);
      const told = point && (point.customdata || pairOf(point, meta));
      if (!told || !point.bbox) {
        return [false, skip, skip];
      }
      return [true, point.bbox, cardOf(told, point, meta)];
    },
    chooseRow: function (click, figure, search) {
      const point = click && click.points && click.points[0];
      const pair = point && pairOf(point, metaOf(figure));
      if (!pair) {
        return window.dash_clientside.no_update;
      }
      return choosing(search, pair[0]);
    },
    choosePoint: function (click, search) {
      const point = click && click.points && click.points[0];
      if (!point || !point.customdata) {
        return window.dash_clientside.no_update;
      }
      return choosing(search, point.customdata[0]);
    },
    nameInView: function (_moved, figure) {
      const place = document.querySelector("#map-graph .js-plotly-plot");
      const layout = place && place._fullLayout;
      if (!figure || !layout || !layout.xaxis) {
        const again = { relayoutData: { drawn: Date.now() } };
        window.setTimeout(() => document.getElementById("map-graph") && window.dash_clientside.set_props("map-graph", again), 500);
        return window.dash_clientside.no_update;
      }
      const points = figure.data[0];
      const chosen = namesInView(points, [...layout.xaxis.range, ...layout.yaxis.range], metaOf(figure).labels);
      const names = {
        x: chosen.map((at) => points.x[at]),
        y: chosen.map((at) => points.y[at]),
        text: chosen.map((at) => short(points.customdata[at][0])),
      };
      if (JSON.stringify(names.text) === JSON.stringify(figure.data[1].text)) {
        return window.dash_clientside.no_update;
      }
      const data = figure.data.slice();
      data[1] = Object.assign({}, data[1], names);
      return Object.assign({}, figure, { data: data });
    },
    encircled: function (selected) {
      const points = ((selected && selected.points) || []).filter((point) => point.customdata);
      if (!points.length) {
        return null;
      }
      const order = points.slice().sort((one, other) => other.customdata[1] - one.customdata[1]);
      return { count: points.length, names: order.slice(0, 100).map((point) => point.customdata[0]) };
    },
    /* The drawing whose atoms are pressed stands in the page itself. */
    pressAtoms: function () {
      window.setTimeout(drawAtoms, 0);
      return window.dash_clientside.no_update;
    },
    dropZone: function () {
      window.dash_clientside.viz.takeFiles("drop-zone", "data-drop", { id: "data-file" }, send);
      return window.dash_clientside.no_update;
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
  });
})();
