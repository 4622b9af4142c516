/* A file of molecules is read here and stands in its field as SMILES, a line each, with their names. It is sent nowhere. */
(function () {
  "use strict";
  const SOURCE = "/vendor/openchemlib/openchemlib.js";
  const MOST = 500;

  async function read(file) {
    const status = document.getElementById("many-status");
    status.textContent = "Reading " + file.name + " …";
    try {
      const text = await file.text();
      const found = /\.sdf?$/i.test(file.name) ? await ofStructures(text) : ofTable(text);
      const lines = found.filter(([smiles]) => smiles).map(([smiles, name]) => (smiles + " " + name).trim());
      window.dash_clientside.set_props("many-molecules", { value: lines.slice(0, MOST).join("\n") });
      const left = lines.length > MOST ? "the first " + MOST + " of " : "";
      status.textContent = file.name + ": " + left + lines.length + " molecules stand below.";
    } catch (error) {
      status.textContent = file.name + " could not be read: " + error.message;
    }
  }

  /* Each molecule of an SD file, and its title. */
  async function ofStructures(text) {
    const { SDFileParser } = await import(SOURCE);
    const parser = new SDFileParser(text);
    const found = [];
    while (parser.next()) {
      const molecule = parser.getMolecule();
      found.push([molecule.getAllAtoms() ? molecule.toIsomericSmiles() : "", molecule.getName() || ""]);
    }
    return found;
  }

  /* Of a table with a heading SMILES that column, and one that names molecules; else the first words of lines. */
  function ofTable(text) {
    const head = text.split(/\r?\n/, 1)[0];
    const separator = ["\t", ";", ","].find((each) => head.includes(each));
    const rows = separator ? rowsOf(text, separator) : text.split(/\r?\n/).map((line) => line.trim().split(/\s+(.*)/s));
    const titles = rows[0].map((title) => title.trim().toLowerCase());
    const at = titles.findIndex((title) => title.includes("smiles"));
    const named = titles.findIndex((title) => /^(name|id|title|compound|molecule)([ _-]?(name|id))?$|chembl.?id/.test(title));
    if (at < 0) {
      return rows.map((row) => [row[0].trim(), (row[1] || "").trim()]);
    }
    return rows.slice(1).map((row) => [(row[at] || "").trim(), named < 0 ? "" : (row[named] || "").trim()]);
  }

  /* Rows of a table whose cells may stand in quotes (RFC 4180). */
  function rowsOf(text, separator) {
    const rows = [[]];
    let cell = "";
    let quoted = false;
    for (let place = 0; place < text.length; place += 1) {
      const each = text[place];
      if (quoted && each === '"' && text[place + 1] === '"') {
        cell += '"';
        place += 1;
      } else if (each === '"' && (quoted || cell === "")) {
        quoted = !quoted;
      } else if (!quoted && (each === separator || each === "\n")) {
        rows[rows.length - 1].push(cell.replace(/\r$/, ""));
        cell = "";
        if (each === "\n") {
          rows.push([]);
        }
      } else {
        cell += each;
      }
    }
    rows[rows.length - 1].push(cell);
    return rows;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.viz = Object.assign(window.dash_clientside.viz || {}, {
    moleculeFile: function () {
      const field = { id: "many-file", accept: ".csv,.tsv,.txt,.smi,.smiles,.sdf,.sd" };
      window.dash_clientside.viz.takeFiles("many-zone", "many-place", field, read);
      return window.dash_clientside.no_update;
    },
  });
})();
