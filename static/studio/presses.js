/* Nothing is replaced under a pressed pointer or key: a browser sends no click for an element that
   is gone when the pointer is let go. Whatever comes by itself waits until then, and while a scene
   is in the hand. Whoever has the focus keeps it when the element is replaced. */

const TAP = 350; // milliseconds in which the click of a touch follows
const holds = new Set();
const waiting = [];

export function hold(name) {
	holds.add(name);
}

export function letGo(name) {
	holds.delete(name);
	while (!holds.size && waiting.length) {
		try {
			waiting.shift()();
		} catch (error) {
			reportError(error);
		}
	}
}

/* Does the work now, or as soon as nothing is pressed. */
export function whenFree(work) {
	if (holds.size) waiting.push(work);
	else work();
}

/* --- Pressed: by pointer until its click, by the space key until it comes up. */
const later = {};

function soon(name, delay = 0) {
	clearTimeout(later[name]);
	later[name] = setTimeout(() => letGo(name), delay);
}

function press(name) {
	clearTimeout(later[name]);
	hold(name);
}

const isPressable = (element) =>
	element?.closest?.("button, summary, [role=button], input:is([type=checkbox], [type=radio])");

window.addEventListener("pointerdown", (event) => event.isPrimary && press("pointer"), true);
window.addEventListener(
	"pointerup",
	(event) => event.isPrimary && soon("pointer", event.pointerType === "mouse" ? 0 : TAP),
	true,
);
for (const name of ["click", "auxclick", "pointercancel", "dragend", "contextmenu"])
	window.addEventListener(name, (event) => event.isTrusted && soon("pointer"), true);
/* The pointer went up where the page is not told of it. */
window.addEventListener(
	"pointermove",
	(event) => event.isPrimary && event.pointerType === "mouse" && !event.buttons && soon("pointer"),
	true,
);
window.addEventListener(
	"keydown",
	(event) => event.key === " " && isPressable(event.target) && press("key"),
	true,
);
window.addEventListener("keyup", (event) => event.key === " " && soon("key"), true);
window.addEventListener("blur", () => {
	soon("pointer");
	soon("key");
});

/* --- The focus goes to what stands in the place of the element that had it. */
const ANCHORS = 2; // elements with an id around it that are searched for its successor
const likeness = (element) =>
	["name", "href", "formaction", "class"].map((name) => element.getAttribute(name)).join("|");

function placeOf(element) {
	const anchors = [];
	let up = element.parentElement?.closest("[id]");
	while (up && anchors.length < ANCHORS) {
		anchors.push([up.id, [...up.querySelectorAll(element.localName)].indexOf(element)]);
		up = up.parentElement?.closest("[id]");
	}
	return { id: element.id, tag: element.localName, like: likeness(element), anchors };
}

function successor({ id, tag, like, anchors }) {
	const own = id && document.getElementById(id);
	if (own) return own;
	for (const [home, index] of anchors) {
		const found = [...(document.getElementById(home)?.querySelectorAll(tag) ?? [])];
		const alike = found.filter((element) => likeness(element) === like);
		const next = alike.length === 1 ? alike[0] : found[Math.min(index, found.length - 1)];
		if (next) return next;
	}
	return null;
}

export function keepFocus(work) {
	const focused = document.activeElement;
	const place = focused && focused !== document.body ? placeOf(focused) : null;
	work();
	const isLost = !document.activeElement || document.activeElement === document.body;
	if (place && isLost && !focused.isConnected) successor(place)?.focus({ preventScroll: true });
}

/* --- All answers to htmx go through here: what asks by itself, and what a person asked for. A
   form that a person has sent gives its focus up. */
document.addEventListener("htmx:beforeSend", (event) => {
	const { xhr, elt, requestConfig } = event.detail;
	const arrive = xhr.onload;
	xhr.onload = () =>
		whenFree(() => {
			const isSent = requestConfig.triggeringEvent && elt.contains(document.activeElement);
			if (isSent) arrive.call(xhr);
			else keepFocus(() => arrive.call(xhr));
		});
});
