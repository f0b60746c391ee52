// The forms of the documentation page: each sends one request and shows what came back. No
// library, nothing from elsewhere.
const prefix = document.body.dataset.prefix;
const token = document.getElementById("token");

function cookie(name) {
	const found = document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`));
	return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

function identified(headers) {
	if (token.value.trim()) headers.set("Authorization", `Bearer ${token.value.trim()}`);
	else headers.set("X-CSRFToken", cookie("csrftoken"));
	return headers;
}

function request(form) {
	let path = form.dataset.path.replace(/^\//, prefix);
	const headers = identified(new Headers({ "Accept-Language": document.documentElement.lang }));
	const query = new URLSearchParams();
	const files = new FormData();
	for (const input of form.querySelectorAll("[data-in]")) {
		const place = input.dataset.in;
		if (place === "form") {
			if (input.type === "file" ? input.files.length : input.value)
				files.append(input.name, input.type === "file" ? input.files[0] : input.value);
		} else if (place === "path")
			path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
		else if (input.value !== "" && place === "query") query.append(input.name, input.value);
		else if (input.value !== "") headers.set(input.name, input.value);
	}
	const options = { method: form.dataset.method, headers, credentials: "same-origin" };
	if (form.elements.body) {
		headers.set("Content-Type", "application/json");
		options.body = form.elements.body.value;
	} else if (form.dataset.media === "multipart/form-data") options.body = files;
	return [query.size ? `${path}?${query}` : path, options];
}

function quoted(text) {
	return `'${String(text).replaceAll("'", "'\\''")}'`;
}

function curl(url, options) {
	const parts = [`curl -X ${options.method} ${quoted(new URL(url, location.href))}`];
	for (const [name, value] of options.headers) {
		if (name === "authorization") parts.push('-H "Authorization: Bearer $TOKEN"');
		else if (name !== "x-csrftoken") parts.push(`-H ${quoted(`${name}: ${value}`)}`);
	}
	if (typeof options.body === "string") parts.push(`-d ${quoted(options.body)}`);
	else if (options.body)
		for (const [name, value] of options.body)
			parts.push(`-F ${quoted(`${name}=${value.name ? `@${value.name}` : value}`)}`);
	return parts.join(" \\\n  ");
}

function shown(text, type) {
	if (!type.includes("json")) return text;
	try {
		return JSON.stringify(JSON.parse(text), null, 2);
	} catch {
		return text;
	}
}

async function send(event) {
	event.preventDefault();
	const form = event.target;
	const result = form.querySelector(".result");
	const [url, options] = request(form);
	const began = performance.now();
	result.hidden = false;
	result.querySelector(".curl").textContent = curl(url, options);
	try {
		const response = await fetch(url, options);
		const text = await response.text();
		const took = Math.round(performance.now() - began);
		result.querySelector(".line").textContent =
			`${response.status} ${response.statusText} · ${took} ms`;
		result.querySelector(".answer").textContent = shown(
			text,
			response.headers.get("Content-Type") || "",
		);
	} catch (error) {
		result.querySelector(".line").textContent = String(error);
		result.querySelector(".answer").textContent = "";
	}
}

async function logIn(event) {
	event.preventDefault();
	const said = document.getElementById("log-in-answer");
	const fields = event.target.elements;
	const headers = new Headers({
		"Content-Type": "application/json",
		"Accept-Language": document.documentElement.lang,
	});
	const body = JSON.stringify({
		username: fields.username.value,
		password: fields.password.value,
		code: fields.code.value,
	});
	try {
		const response = await fetch(`${prefix}auth/token/`, {
			method: "POST",
			headers,
			body,
			credentials: "omit",
		});
		const answer = await response.json();
		const code = document.getElementById("log-in-code");
		if (response.ok) {
			token.value = answer.access_token;
			fields.password.value = fields.code.value = "";
			code.hidden = true;
		} else if (answer.code === "code_required") {
			code.hidden = false;
			fields.code.focus();
		}
		said.textContent = response.ok ? said.dataset.worked : answer.detail;
	} catch (error) {
		said.textContent = String(error);
	}
}

for (const form of document.querySelectorAll("form[data-path]"))
	form.addEventListener("submit", send);
document.getElementById("log-in").addEventListener("submit", logIn);

// Hides what the search does not name; an empty search shows everything.
function search(event) {
	const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
	const names = (node) => words.every((word) => node.textContent.toLowerCase().includes(word));
	for (const article of document.querySelectorAll("main article")) article.hidden = !names(article);
	for (const item of document.querySelectorAll("nav li")) {
		const target = document.getElementById(item.firstElementChild.hash.slice(1));
		item.hidden = target?.tagName === "ARTICLE" && target.hidden;
	}
	for (const list of document.querySelectorAll("nav ul")) {
		const shown = [...list.children].some((item) => !item.hidden);
		list.hidden = !shown;
		list.previousElementSibling.hidden = !shown;
	}
	for (const section of document.querySelectorAll("main section:has(article)")) {
		section.hidden = ![...section.querySelectorAll("article")].some((article) => !article.hidden);
	}
}

document.getElementById("search").addEventListener("input", search);
