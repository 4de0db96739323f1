// Shows the server's OpenAPI description and lets people try it. Everything
// from the description is put in as text, never as markup.

// Where the server is: below a base path where a proxy has it so.
const root = new URL("..", import.meta.url);

const methods = ["get", "post", "put", "patch", "delete"];

// make creates an element; strings among the children become text.
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((c) => c !== undefined && c !== ""));
  return element;
}

// prose renders text with `code` in it.
function prose(text) {
  return (text ?? "").split("`").map((part, i) => (i % 2 ? make("code", {}, part) : part));
}

function resolve(doc, schema) {
  let found = schema;
  while (found?.$ref) {
    found = found.$ref.split("/").slice(1).reduce((at, key) => at?.[key], doc);
  }
  return found ?? {};
}

// typeName says what a schema is, in a word or two.
function typeName(doc, schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const types = [schema.type ?? "any"].flat();
  return types
    .map((type) => {
      if (type === "array") return `${typeName(doc, schema.items) || "any"}[]`;
      if (type === "string" && schema.format) return schema.format;
      return type;
    })
    .join(" | ");
}

// rules says what a value must keep to.
function rules(schema) {
  const out = [];
  if (schema.enum) out.push(`one of ${schema.enum.join(", ")}`);
  if (schema.minimum !== undefined) out.push(`at least ${schema.minimum}`);
  if (schema.maximum !== undefined) out.push(`at most ${schema.maximum}`);
  if (schema.maxLength !== undefined) out.push(`at most ${schema.maxLength} characters`);
  if (schema.maxItems !== undefined) out.push(`at most ${schema.maxItems} entries`);
  if (schema.default !== undefined) out.push(`${schema.default} when absent`);
  return out.join("; ");
}

// example makes up a value of a schema; seen guards against types that
// contain themselves.
function example(doc, schema, seen = []) {
  if (schema?.$ref && seen.includes(schema.$ref)) return {};
  const inner = schema?.$ref ? [...seen, schema.$ref] : seen;
  const s = resolve(doc, schema);
  if (s.examples?.length) return s.examples[0];
  if (s.default !== undefined) return s.default;
  if (s.enum) return s.enum[0];
  switch ([s.type].flat()[0]) {
    case "object":
      return Object.fromEntries(Object.entries(s.properties ?? {}).map(([key, value]) => [key, example(doc, value, inner)]));
    case "array":
      return s.items ? [example(doc, s.items, inner)] : [];
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return true;
    case "string":
      return s.format === "date-time" ? "2026-01-01T20:00:00Z" : "";
  }
  return null;
}

// fields is a table of an object's properties, inner objects folded.
function fields(doc, schema, seen = []) {
  const s = resolve(doc, schema);
  if ([s.type].flat().includes("array")) return fields(doc, s.items, seen);
  if (!s.properties) return make("p", { class: "dim" }, typeName(doc, schema));
  const body = make("tbody");
  for (const [name, property] of Object.entries(s.properties)) {
    const target = property.items ?? property;
    const cell = make("td", {}, ...prose(property.description ?? ""));
    const rule = rules(property);
    if (rule) cell.append(make("div", { class: "dim" }, rule));
    if (target.$ref && !seen.includes(target.$ref)) {
      cell.append(make("details", {}, make("summary", {}, typeName(doc, target)), fields(doc, target, [...seen, target.$ref])));
    }
    body.append(
      make("tr", {},
        make("th", { scope: "row" }, make("code", {}, name), s.required?.includes(name) ? "" : make("span", { class: "dim" }, " optional")),
        make("td", { class: "dim" }, typeName(doc, property)),
        cell));
  }
  return make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Field"), make("th", { scope: "col" }, "Type"), make("th", { scope: "col" }, "Meaning"))),
    body);
}

function parametersTable(doc, parameters) {
  return make("table", {},
    make("caption", {}, "Parameters"),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Name"), make("th", { scope: "col" }, "In"), make("th", { scope: "col" }, "Type"), make("th", { scope: "col" }, "Meaning"))),
    make("tbody", {}, ...parameters.map((p) =>
      make("tr", {},
        make("th", { scope: "row" }, make("code", {}, p.name), p.required ? "" : make("span", { class: "dim" }, " optional")),
        make("td", {}, p.in),
        make("td", { class: "dim" }, typeName(doc, p.schema)),
        make("td", {}, ...prose(p.description), make("div", { class: "dim" }, rules(p.schema ?? {})))))));
}

function responses(doc, op) {
  return Object.entries(op.responses ?? {}).map(([status, response]) => {
    const [kind, media] = Object.entries(response.content ?? {})[0] ?? [];
    const summary = make("summary", {}, make("strong", {}, status), ` ${response.description ?? ""} `, make("span", { class: "dim" }, kind ?? ""));
    if (!media?.schema) return make("p", {}, ...summary.childNodes);
    return make("details", {}, summary, fields(doc, media.schema),
      make("details", {}, make("summary", {}, "Example"), make("pre", { tabindex: "0" }, JSON.stringify(example(doc, media.schema), null, 2))));
  });
}

// tryForm sends a request and shows what comes back.
function tryForm(doc, method, path, op, id) {
  const inputs = new Map();
  const form = make("form", { "aria-label": `Try ${op.summary}` });
  for (const p of op.parameters ?? []) {
    const s = p.schema ?? {};
    const input = s.enum
      ? make("select", {}, make("option", { value: "" }, "–"), ...s.enum.map((v) => make("option", { value: v }, String(v))))
      : make("input", { type: "text", required: p.required, placeholder: String(s.examples?.[0] ?? p.example ?? ""), size: "32" });
    inputs.set(p, input);
    form.append(make("label", {}, make("code", {}, p.name), " ", input));
  }
  const schema = op.requestBody?.content?.["application/json"]?.schema;
  let body;
  if (schema) {
    body = make("textarea", { spellcheck: "false" });
    body.value = JSON.stringify(requestExample(doc, schema), null, 2);
    form.append(make("label", {}, "Body (JSON)", body));
  }
  const status = make("p", { role: "status" });
  const output = make("pre", { tabindex: "0", hidden: true, "aria-label": "Answer" });
  form.append(make("button", { type: "submit", id: `${id}-send` }, "Send"), status, output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let url = path.slice(1);
    const query = new URLSearchParams();
    for (const [p, input] of inputs) {
      if (p.in === "path") url = url.replace(`{${p.name}}`, encodeURIComponent(input.value));
      else if (input.value !== "") query.set(p.name, input.value);
    }
    if (query.size) url += `?${query}`;
    status.textContent = "Waiting for the answer…";
    status.classList.remove("failed");
    try {
      const started = performance.now();
      const response = await fetch(new URL(url, root), {
        method: method.toUpperCase(),
        headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }) },
        body: body?.value,
      });
      const text = await response.text();
      status.textContent = `${response.status} ${response.statusText} in ${Math.round(performance.now() - started)} ms: ${method.toUpperCase()} ${url}`;
      status.classList.toggle("failed", !response.ok);
      output.textContent = pretty(text);
      output.hidden = false;
    } catch (error) {
      status.textContent = `The server did not answer: ${error.message}`;
      status.classList.add("failed");
    }
  });
  return make("details", {}, make("summary", {}, "Try it"), form);
}

// requestExample leaves out alternatives that have no example of their own.
function requestExample(doc, schema) {
  const s = resolve(doc, schema);
  const named = Object.entries(s.properties ?? {}).filter(([, p]) => p.examples?.length);
  return named.length ? Object.fromEntries(named.map(([key, p]) => [key, p.examples[0]])) : example(doc, schema);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function operation(doc, method, path, op) {
  const id = op.operationId;
  const section = make("section", { class: "operation", id, "aria-labelledby": `${id}-title` },
    make("h3", { id: `${id}-title` }, op.summary ?? id),
    make("p", { class: "path" }, make("span", { class: `method ${method}` }, method.toUpperCase()), ` ${path}`));
  if (op.description) section.append(make("p", {}, ...prose(op.description)));
  if (op.parameters?.length) section.append(parametersTable(doc, op.parameters));
  const body = op.requestBody?.content?.["application/json"]?.schema;
  if (body) section.append(make("h4", {}, "Body"), fields(doc, body));
  section.append(make("h4", {}, "Answers"), ...responses(doc, op));
  const streams = path.startsWith("/ws/") || path.startsWith("/api/sse/");
  if (!streams) section.append(tryForm(doc, method, path, op, id));
  return section;
}

function show(doc) {
  const nav = document.getElementById("nav");
  const content = document.getElementById("content");
  document.getElementById("title").textContent = `${doc.info.title} ${doc.info.version}`;
  content.replaceChildren(make("p", {}, ...prose(doc.info.description)));
  const shown = [];
  for (const tag of doc.tags ?? []) {
    const list = make("ul");
    const group = make("div", {}, make("h2", {}, tag.name), make("p", { class: "dim" }, tag.description ?? ""));
    for (const [path, item] of Object.entries(doc.paths)) {
      for (const method of methods) {
        const op = item[method];
        if (!op?.tags?.includes(tag.name)) continue;
        const section = operation(doc, method, path, op);
        const link = make("li", {}, make("a", { href: `#${op.operationId}` }, op.summary ?? op.operationId));
        group.append(section);
        list.append(link);
        shown.push({ group, section, link, text: `${method} ${path} ${op.summary} ${op.description ?? ""}`.toLowerCase() });
      }
    }
    nav.append(make("h2", {}, tag.name), list);
    content.append(group);
  }
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    const alive = new Set();
    for (const { group, section, link, text } of shown) {
      const match = text.includes(wanted);
      section.hidden = link.hidden = !match;
      if (match) alive.add(group);
    }
    for (const { group } of shown) group.hidden = !alive.has(group);
  });
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

try {
  const response = await fetch(new URL("openapi.json", root));
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  show(await response.json());
} catch (error) {
  const state = document.getElementById("state");
  if (state) {
    state.textContent = `The description could not be read: ${error.message}`;
    state.classList.add("failed");
  } else {
    throw error;
  }
}
