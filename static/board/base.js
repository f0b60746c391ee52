/* What the parts of the board share: the elements, the words, one way to ask the server, and
   what is going on. */

export const $ = (id) => document.getElementById(id);
export const root = () => $("board");
export const list = () => $("bd-scenes");
export const cards = () =>
	[...(list()?.children ?? [])].filter(
		(child) =>
			child.dataset.id &&
			!child.classList.contains("sortable-fallback") &&
			!child.classList.contains("bd-gone"),
	);
export const words = (name, values = {}) =>
	Object.entries(values).reduce(
		(text, [key, value]) => text.replace(`%${key}`, value),
		$("bd-words").dataset[name],
	);
export const announce = (text) => {
	$("bd-announce").textContent = text;
};
export const number = (card) => cards().indexOf(card) + 1;
export const panelBody = () => $("bd-panel-body");

/* htmx sends one request of an element at a time: a second one waits, and a third one takes its
   place. So each thing that is asked for has an element of its own, which holds nothing up and is
   not held up by the look for news. */
export function asker() {
	const element = Object.assign(document.createElement("i"), { hidden: true });
	document.querySelector("#bd-live, #bd-panel-body").append(element);
	return element;
}

export function post(url, values, source = null) {
	state.changes += 1;
	const own = source ?? asker();
	return htmx
		.ajax("POST", url, { source: own, swap: "none", values })
		.finally(() => source ?? own.remove());
}

/* Whether the person wants no motion. */
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
export const wantsNoMotion = () => still.matches;

/* Scrolls no farther than it must until the element is in sight. */
export function showWhole(element) {
	element.scrollIntoView({ block: "nearest", behavior: wantsNoMotion() ? "instant" : "smooth" });
}

export function point(card) {
	if (!card) return;
	card.classList.remove("bd-flash");
	void card.offsetWidth;
	card.classList.add("bd-flash");
	const box = card.getBoundingClientRect();
	if (box.top < 0 || box.bottom > innerHeight) showWhole(card);
}

export const state = {
	dragging: false, // a scene is in the hand
	stable: [], // the order that the server has
	picked: new Set(), // ids of the selected scenes
	changes: 0, // how many changes this page has sent
	sentForm: null, // the form of the panel that was sent last
};
