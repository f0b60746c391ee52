/* Review by keys: the takes of a scene as a film strip, and one bar for the one that is shown. */

const body = () => document.getElementById("bd-panel-body");
const bar = () => body()?.querySelector("[data-verdict]");

/* The verdict is about the take that is shown. */
function judge(item) {
	const now = bar();
	if (!now) return;
	for (const form of now.querySelectorAll("[data-judge], [data-choose]")) {
		const url = form.matches("[data-choose]") ? item.dataset.chooseUrl : item.dataset.judgeUrl;
		form.action = url;
		form.setAttribute("hx-post", url);
		htmx.process(form);
	}
	now.querySelector("[data-key-approve]").disabled = item.dataset.status === "approved";
	now.querySelector("[data-choose]").hidden =
		"inFilm" in item.dataset || item.dataset.status === "rejected";
}

function show(item, side = "a") {
	const take = document.getElementById(`take-${item.dataset.reel}`);
	const figure = body().querySelector("[data-wipe]");
	if (side === "b") {
		take.querySelector("[data-side-b]")?.click();
		return;
	}
	const button = take.querySelector("[data-side-a]");
	const shown = figure.querySelector("[data-side=a]");
	if (shown.getAttribute("src") !== take.dataset.large) shown.src = take.dataset.large;
	for (const one of body().querySelectorAll("[data-side-a]"))
		one.setAttribute("aria-pressed", String(one === button));
	for (const one of body().querySelectorAll("[data-reel]"))
		one.setAttribute("aria-pressed", String(one === item));
	judge(item);
}

document.addEventListener("click", (event) => {
	const item = event.target.closest("[data-reel]");
	if (item) show(item, event.shiftKey ? "b" : "a");
	const reason = event.target.closest("[data-reason]");
	if (reason) {
		const field = bar().querySelector("[data-key-reason]");
		field.value = reason.dataset.reason;
		field.focus();
	}
	const press = event.target.closest("[data-press]");
	if (press) document.getElementById(press.dataset.press)?.click();
	if (event.target.closest("[data-repair]")) {
		event.preventDefault();
		const words = document.getElementById("bd-make-text");
		words.focus();
		words.select();
	}
});

const press = (selector) => () => body().querySelector(selector)?.click();
const acts = {
	a: press("[data-key-approve]:not([disabled])"),
	r: () => bar()?.querySelector("[data-key-reason]").focus(),
	g: press('[data-press="bd-make-one"]:not([disabled])'),
	v: press('[data-press="bd-make-three"]:not([disabled])'),
	c: press("[data-wipe-on]"),
	i: () => body().querySelector(".bd-takes")?.scrollIntoView({ block: "start" }),
};

document.addEventListener("keydown", (event) => {
	if (!body() || event.metaKey || event.altKey) return;
	const dialog = document.querySelector("dialog[open]");
	if (dialog && !dialog.contains(body())) return;
	const field = event.target.closest?.("input:not([type=range]), textarea, select");
	if (field) {
		if (event.key === "Enter" && event.ctrlKey && field.id === "bd-make-text") {
			event.preventDefault();
			press("#bd-make-one:not([disabled])")();
		}
		if (event.key === "Escape" && field.matches("[data-key-reason]")) {
			event.preventDefault();
			event.stopPropagation();
			field.blur();
		}
		return;
	}
	if (event.ctrlKey) return;
	const key = event.key.toLowerCase();
	const video = body().querySelector("video[data-side=a]");
	const number = Number(key);
	if (acts[key]) acts[key]();
	else if (number >= 1 && number <= 9) {
		const items = [...body().querySelectorAll("[data-reel]")].reverse();
		if (items[number - 1]) show(items[number - 1], event.shiftKey ? "b" : "a");
	} else if (video && key === " " && !event.target.closest("button, a, summary")) {
		if (video.paused) video.play();
		else video.pause();
	} else return;
	event.preventDefault();
});
