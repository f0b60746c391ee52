/* A file that is dropped on a card or on the stage is put into the upload form of that scene, which
   says how it fits. It is sent when a person presses the button there. */

import { panelBody, root } from "./base.js";
import { openPanel } from "./panel.js";

const KINDS = {
	image: "image",
	heic: "image",
	heif: "image",
	video: "clip",
	mov: "clip",
	mkv: "clip",
};

function kindOf(file) {
	const ending = file.name.split(".").pop().toLowerCase();
	return KINDS[file.type.split("/")[0]] ?? KINDS[ending] ?? "";
}

/* The place that takes a file: the open stage, else the card under the pointer. */
function place(target) {
	const stage = panelBody();
	if (stage) return stage.contains(target) ? stage : null;
	return root()?.dataset.editable ? target.closest?.(".bd-card") : null;
}

function mark(now) {
	for (const one of document.querySelectorAll(".bd-dropping"))
		if (one !== now) one.classList.remove("bd-dropping");
	now?.classList.add("bd-dropping");
}

const form = () => panelBody()?.querySelector("form[data-upload]");

async function take(file, where) {
	const kind = kindOf(file) || "image";
	const url = new URL(where.dataset.url, location);
	if (where !== panelBody() || (where.dataset.kind !== kind && kindOf(file))) {
		url.searchParams.set("kind", kind);
		const shown = openPanel(url.href, where.querySelector(".bd-open"));
		if (!shown) {
			location.assign(url);
			return;
		}
		await shown;
	}
	if (!form()) return;
	const field = form().querySelector("input[type=file]");
	const files = new DataTransfer();
	files.items.add(file);
	field.files = files.files;
	field.dispatchEvent(new Event("change", { bubbles: true }));
	form().scrollIntoView({ block: "center" });
	form().querySelector("button").focus();
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

document.addEventListener("dragover", (event) => {
	if (!hasFiles(event) || event.target.matches?.("input[type=file]")) return;
	event.preventDefault(); // else the browser would leave the page for the file
	const where = place(event.target);
	event.dataTransfer.dropEffect = where ? "copy" : "none";
	mark(where);
});
document.addEventListener("dragleave", (event) => {
	if (!event.relatedTarget) mark(null);
});
document.addEventListener("drop", (event) => {
	if (!hasFiles(event) || event.target.matches?.("input[type=file]")) return;
	event.preventDefault();
	mark(null);
	const where = place(event.target);
	const [file] = event.dataTransfer.files;
	if (where && file) take(file, where);
});
