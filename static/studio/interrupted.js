/* When the studio does not answer or the log-in has run out: said at once, and nothing that
   was typed is lost. */

const UNAUTHORIZED = 401;
const SERVER_ERROR = 500;
const DRAFT = "studio-draft";
const cookie = (name) =>
	document.cookie
		.split("; ")
		.find((part) => part.startsWith(`${name}=`))
		?.slice(name.length + 1) ?? "";
const words = () => document.getElementById("vp-words")?.dataset;

/* --- A strip over the page, gone with the next answer; one about a text that came back stays
   until it is closed. */
function tell(name) {
	const shown = document.getElementById("vp-away");
	if (!words() || shown?.dataset.name === name) return;
	shown?.remove();
	const strip = document.createElement("div");
	strip.id = "vp-away";
	strip.className = "vp-away";
	strip.dataset.name = name;
	strip.setAttribute("role", "alert");
	strip.append(Object.assign(document.createElement("p"), { textContent: words()[name] }));
	if (name === "out") {
		const link = Object.assign(document.createElement("a"), {
			className: "vp-btn vp-small",
			target: "_blank",
			rel: "opener",
			textContent: words().logIn,
		});
		link.href = words().logInUrl;
		strip.append(link);
	}
	if (name === "back") {
		const close = Object.assign(document.createElement("button"), {
			type: "button",
			className: "vp-btn vp-small",
			textContent: words().close,
		});
		close.addEventListener("click", () => strip.remove());
		strip.append(close);
	}
	(document.querySelector("dialog[open]") ?? document.body).append(strip);
}

const clear = () => document.querySelector("#vp-away:not([data-name=back])")?.remove();

document.addEventListener("htmx:afterRequest", (event) => {
	const status = event.detail.xhr?.status ?? 0;
	if (status === UNAUTHORIZED) tell("out");
	else if (status >= SERVER_ERROR) tell("silent");
	else if (status) clear();
	const form = event.detail.failed && event.detail.elt?.closest?.("form[data-once]");
	if (form) delete form.dataset.sent;
});
for (const name of ["htmx:sendError", "htmx:timeout"])
	document.addEventListener(name, () => tell("silent"));
window.addEventListener("offline", () => tell("silent"));
window.addEventListener("online", clear);
window.addEventListener("pageshow", (event) => {
	if (!event.persisted) return;
	for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});

/* --- After a new log-in in another tab, this one goes on with the token that holds now. */
document.addEventListener("htmx:configRequest", (event) => {
	const token = cookie("csrftoken");
	if (!token || event.detail.verb === "get") return;
	event.detail.headers["X-CSRFToken"] = token;
	if (event.detail.parameters.csrfmiddlewaretoken)
		event.detail.parameters.csrfmiddlewaretoken = token;
});
document.addEventListener("submit", (event) => {
	const field = event.target.elements?.csrfmiddlewaretoken;
	const token = cookie("csrftoken");
	if (field && token) field.value = token;
});

/* --- What a form of a whole page held when it was sent comes back if the log-in stood in
   between. */
const isTyped = (field) =>
	field.name &&
	!field.name.startsWith("csrf") &&
	!["file", "hidden", "password", "submit", "button"].includes(field.type);
const read = () => JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");

document.addEventListener("submit", (event) => {
	const form = event.target;
	if (
		event.defaultPrevented ||
		form.method !== "post" ||
		!form.closest("main") ||
		form.matches("#login-form, [hx-post]")
	)
		return;
	const fields = [...form.elements]
		.filter(isTyped)
		.map((field) => [
			field.name,
			["checkbox", "radio"].includes(field.type) ? field.value : null,
			field.checked ?? null,
			field.value,
		]);
	sessionStorage.setItem(
		DRAFT,
		JSON.stringify({ path: location.pathname, person: words()?.person, form: form.id, fields }),
	);
});

function giveBack(draft) {
	const form = draft.form ? document.getElementById(draft.form) : null;
	if (!form) return;
	for (const [name, choice, checked, value] of draft.fields) {
		const field = [...form.elements].find(
			(each) => each.name === name && (choice === null || each.value === choice),
		);
		if (!field) continue;
		if (choice === null) field.value = value;
		else field.checked = checked;
		field.dispatchEvent(new Event("input", { bubbles: true }));
	}
	tell("back");
}

document.addEventListener("DOMContentLoaded", () => {
	const draft = read();
	if (!draft) return;
	if (document.getElementById("login-form")) {
		sessionStorage.setItem(DRAFT, JSON.stringify({ ...draft, out: true }));
		return;
	}
	sessionStorage.removeItem(DRAFT);
	if (draft.out && draft.path === location.pathname && draft.person === words()?.person)
		giveBack(draft);
});
