/* A file of molecules is read here and stands in its field as SMILES, a line each, with their names. It is sent nowhere. */
(function () {
  "use strict";
  const SOURCE = "/vendor/openchemlib/openchemlib.js";
  const MOST = 500;
  const NAMES = /^(name|id|title|compound|molecule)([ _-]?(name|id))?$|chembl.?id/;

  async function read(file) {
    const status = document.getElementById("many-status");
    const said = window.dash_clientside.viz.said;
    status.textContent = said("reading", { file: file.name });
    try {
      const text = await file.text();
      const found = /\.sdf?$/i.test(file.name) ? await ofStructures(text) : ofTable(text);
      const lines = found.filter(([smiles]) => smiles).map(([smiles, name]) => (smiles + " " + name.replace(/\s+/g, " ")).trim());
      window.dash_clientside.set_props("many-molecules", { value: lines.slice(0, MOST).join("\n") });
      const told = { file: file.name, most: MOST, count: lines.length };
      const empty = found.length - lines.length;
      const left = empty ? " " + said("unreadable-records", { count: empty }) : "";
      status.textContent = said(lines.length > MOST ? "read-first" : "read", told) + left;
    } catch (error) {
      status.textContent = said("not-read", { file: file.name, reason: error.message });
    }
  }

  /* Each molecule of an SD file, and its title, or what a field that names molecules says. The last record need not be closed. */
  async function ofStructures(text) {
    const { SDFileParser } = await import(SOURCE);
    const whole = text.replace(/\r\n?/g, "\n").trimEnd();
    const closed = whole.endsWith("$$$$") ? whole + "\n" : whole + "\n$$$$\n";
    const fields = [...new Set([...closed.matchAll(/^> .*<([^>\n]+)>/gm)].map((match) => match[1]))];
    const naming = fields.find((field) => NAMES.test(field.trim().toLowerCase()));
    const parser = new SDFileParser(closed, fields);
    const found = [];
    while (parser.next()) {
      const molecule = parser.getMolecule();
      const name = molecule.getName() || (naming && parser.getField(naming)) || "";
      found.push([molecule.getAllAtoms() ? molecule.toIsomericSmiles() : "", name]);
    }
    return found;
  }

  /* Of a table with a heading SMILES that column, and one that names molecules; else the first words of lines. */
  function ofTable(text) {
    const whole = text.replace(/\r\n?/g, "\n").replace(/^\s*\n/, "");
    const head = whole.split("\n", 1)[0];
    const isSmiles = (title) => title.trim().toLowerCase().includes("smiles");
    const separator = ["\t", ";", ","].find((each) => rowsOf(head, each)[0].length > 1 && rowsOf(head, each)[0].some(isSmiles));
    if (!separator) {
      const lines = whole.split("\n").filter((line) => line.trim());
      const first = lines.findIndex((line) => !isSmiles(line.trim().split(/\s/, 1)[0]));
      return lines.slice(Math.max(first, 0)).map((line) => line.trim().split(/[\s,;]+(.*)/s)).map(([smiles, name]) => [smiles, name || ""]);
    }
    const rows = rowsOf(whole, separator).filter((row) => row.some((cell) => cell.trim()));
    const titles = rows[0].map((title) => title.trim().toLowerCase());
    const at = titles.findIndex(isSmiles);
    const named = titles.findIndex((title) => NAMES.test(title));
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
