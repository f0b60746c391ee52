/* What the studio's pages do beyond htmx's attributes. No inline script anywhere: everything
   hangs on data attributes. Pages load modules with a low priority: style sheets come first. */

import "./presses.js";

/* Refusals carry a page fragment that says why, so they are shown like any other answer. */
document.addEventListener("DOMContentLoaded", () => {
	htmx.config.responseHandling = [
		{ code: "204", swap: false },
		{ code: "[23]..", swap: true },
		{ code: "403|409|422", swap: true, error: false },
		{ code: "[45]..", swap: false, error: true },
	];
});

/* --- Who is here: a page that nobody sees does not say so, and says it at once when it is seen. */
document.addEventListener("htmx:beforeRequest", (event) => {
	if (document.hidden && event.target.matches("[data-when-seen]")) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
	const place = document.querySelector("[data-when-seen]");
	if (place && !document.hidden) htmx.trigger(place, "vp-seen");
});

/* --- Questions: a link marked data-dialog opens its page's question in a dialog; without
   script it is a plain link. */
let opener = null;

function dialog() {
	let found = document.getElementById("vp-dialog");
	if (!found) {
		found = document.createElement("dialog");
		found.id = "vp-dialog";
		found.className = "vp-dialog";
		found.setAttribute("aria-labelledby", "vp-dialog-title");
		found.addEventListener("click", (event) => {
			if (event.target === found) found.close();
		});
		found.addEventListener("close", () => {
			found.replaceChildren();
			if (opener && document.contains(opener)) opener.focus();
		});
		/* An answer that leaves nothing to ask closes the question: an empty dialog would lie over
		   the page. */
		new MutationObserver(() => {
			if (found.open && !found.childElementCount) found.close();
		}).observe(found, { childList: true });
		document.body.append(found);
	}
	return found;
}

document.addEventListener("click", (event) => {
	const link = event.target.closest("a[data-dialog]");
	if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) {
		event.preventDefault();
		opener = link;
		const target = dialog();
		htmx.ajax("GET", link.href, { target, swap: "innerHTML", source: link }).then(() => {
			if (target.childElementCount && !target.open) target.showModal();
		});
		return;
	}
	const closer = event.target.closest("[data-close]");
	if (closer?.closest("dialog")) {
		event.preventDefault();
		closer.closest("dialog").close();
	}
});

/* A form is sent once, however often its button is pressed. */
document.addEventListener("submit", (event) => {
	const form = event.target;
	if (!form.matches("form[data-once]")) return;
	if (form.dataset.sent) event.preventDefault();
	form.dataset.sent = "1";
});

/* --- The film: scene marks jump to their time and follow the play. */
function currentMark(video) {
	const marks = [...document.querySelectorAll(`[data-seek-in="${video.id}"]`)];
	let now = null;
	for (const mark of marks) if (Number(mark.dataset.seek) <= video.currentTime + 0.05) now = mark;
	for (const mark of marks) mark.setAttribute("aria-current", String(mark === now));
}

document.addEventListener("click", (event) => {
	const mark = event.target.closest("[data-seek]");
	if (!mark) return;
	const video = document.getElementById(mark.dataset.seekIn);
	if (!video) return;
	video.currentTime = Number(mark.dataset.seek);
	video.focus();
});
document.addEventListener(
	"timeupdate",
	(event) => event.target.tagName === "VIDEO" && event.target.id && currentMark(event.target),
	true,
);

/* --- The field to write in first. Chromium drops `autofocus` now and then on a busy machine
   (7 of 25 loads of the review page), so the page asks once more. */
document.addEventListener("DOMContentLoaded", () => {
	if (document.activeElement === document.body) document.querySelector("[autofocus]")?.focus();
});

/* --- The tab that is shown stands in sight where not all of them fit. */
document.addEventListener("DOMContentLoaded", () => {
	for (const tab of document.querySelectorAll(".vp-tabs [aria-current]")) {
		const row = tab.parentElement;
		row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
	}
});

/* --- Unfold writes the chosen file's name into a text field beside it, which only its own
   file fields have. */
function leaveToBrowser() {
	for (const input of document.querySelectorAll(".vp-field input[type=file]"))
		input.hasChangeListener = true;
}

document.addEventListener("DOMContentLoaded", () => {
	leaveToBrowser();
	new MutationObserver(leaveToBrowser).observe(document.body, { childList: true, subtree: true });
});
