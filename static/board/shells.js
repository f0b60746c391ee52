/* Only cards near what is in sight have an inside: a shell gets its own when it comes near, and a card
   that is far away gives it back. A shell keeps size, number, state and selection. */

import { $, asker, cards, root, state } from "./base.js";
import { fieldsOf, isDirty } from "./fields.js";

const NEAR = 900; // pixels beyond what is in sight
const FAR = 1400;
const FEW = 24; // scenes of a board whose cards stay as they are
/* Cards of one request: a browser looks through the fields of all that have come, and lays those
   cards out for it, in one go. */
const MOST = 8;
const GATHER = 60; // milliseconds

const asked = new Map(); // shells that are near, and how far they are from the middle
const leaving = new Map(); // cards that are far away, and their height
let near = null;
let far = null;
let isGathering = false;
let fetching = false;

export function hydrate() {
	near ??= new IntersectionObserver(comeNear, { rootMargin: `${NEAR}px 0px` });
	far ??= new IntersectionObserver(goAway, { rootMargin: `${FAR}px 0px` });
	const all = cards();
	for (const card of all) {
		if (isShell(card)) near.observe(card);
		else if (all.length > FEW) far.observe(card);
	}
}

/* What a shell shows, as the server writes it. */
export function insideOf(url, title, n) {
	const link = Object.assign(document.createElement("a"), { href: url, textContent: title || n });
	link.dataset.n = n;
	return link;
}

const isShell = (card) => card.classList.contains("bd-shell");

function comeNear(entries) {
	for (const { target, isIntersecting, boundingClientRect } of entries) {
		if (!isShell(target)) near.unobserve(target);
		if (isIntersecting && isShell(target))
			asked.set(target, Math.abs(boundingClientRect.top - innerHeight / 2));
		else asked.delete(target);
	}
	gather();
}

function gather() {
	if (!asked.size || fetching || isGathering) return;
	isGathering = true;
	setTimeout(fetchShells, GATHER);
}

async function fetchShells() {
	isGathering = false;
	for (const card of asked.keys()) if (!card.isConnected || !isShell(card)) asked.delete(card);
	const wanted = [...asked]
		.filter(([card]) => !card.hidden)
		.sort((one, other) => one[1] - other[1])
		.slice(0, MOST)
		.map(([card]) => card);
	if (!wanted.length) return;
	fetching = true;
	const source = asker();
	const values = { ids: wanted.map((card) => card.dataset.id).join(",") };
	try {
		await htmx.ajax("GET", root().dataset.cardsUrl, { source, swap: "none", values });
		for (const card of wanted) asked.delete(card);
	} catch {
		return; // said by interrupted.js; asked for again when the page is scrolled
	} finally {
		source.remove();
		fetching = false;
	}
	hydrate();
	gather();
}

function goAway(entries) {
	for (const { target, isIntersecting, boundingClientRect } of entries) {
		if (isIntersecting) leaving.delete(target);
		else if (!isShell(target)) leaving.set(target, boundingClientRect.height);
	}
	empty();
}

const whenIdle = (work) =>
	window.requestIdleCallback
		? requestIdleCallback(work, { timeout: 200 })
		: setTimeout(() => work({ timeRemaining: () => 8 }), 50);
let isEmptying = false;

function empty() {
	if (!leaving.size || isEmptying) return;
	isEmptying = true;
	whenIdle(emptySome);
}

/* Who scrolls on and on leaves no time for it: then some go all the same. */
function emptySome(deadline) {
	isEmptying = false;
	const least = deadline.didTimeout ? MOST : 1;
	let done = 0;
	for (const [card, height] of leaving) {
		if (done >= least && deadline.timeRemaining() < 4) return empty();
		leaving.delete(card);
		if (!mayBeEmptied(card)) continue;
		becomeShell(card, height);
		done += 1;
	}
}

/* Before all cards get another shape: those out of sight need not be laid out in it. */
export function emptyUnseen() {
	const all = cards();
	if (all.length <= FEW) return;
	const boxes = all.filter(mayBeEmptied).map((card) => [card, card.getBoundingClientRect()]);
	for (const [card, { top, bottom, height }] of boxes)
		if (bottom <= 0 || top >= innerHeight) becomeShell(card, height);
}

/* What a person is in the middle of stays: the focus, a menu, a text that is not saved. */
function mayBeEmptied(card) {
	return (
		card.isConnected &&
		!isShell(card) &&
		!state.dragging &&
		!card.matches(".bd-gone, .bd-dropping, :focus-within, :has(.bd-beside)") &&
		!card.contains($("bd-menu")?.opener ?? null) &&
		!fieldsOf(card).some(
			(field) => isDirty(field) || field.pending || field.dataset.sent !== undefined,
		)
	);
}

function becomeShell(card, height) {
	const title = card.querySelector(".bd-title").value;
	const link = insideOf(card.dataset.url, title, card.querySelector(".bd-n").textContent);
	if (height) card.style.setProperty("--bd-kept", `${height}px`);
	card.classList.add("bd-shell");
	card.dataset.mark = card.dataset.far;
	card.replaceChildren(link);
	far.unobserve(card);
	near.observe(card);
}
