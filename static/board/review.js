/* A film under review: marks and comments lead to their time, and a new comment takes the time
   at which the film stands. */

const PLACE = "review-place";
const film = () => document.getElementById("rv-film");
const clock = (seconds) =>
	`${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/* The page that comes back after a comment shows the film where it stood. */
function goOn() {
	const place = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
	sessionStorage.removeItem(PLACE);
	if (!place?.at || place.path !== location.pathname) return;
	const go = () => {
		film().currentTime = place.at;
	};
	if (film().readyState > 0) go();
	else film().addEventListener("loadedmetadata", go, { once: true });
}

function lay() {
	for (const mark of document.querySelectorAll(".rv-mark"))
		mark.style.flexGrow = mark.dataset.length;
	const length = Number(document.querySelector(".rv-line")?.dataset.length) || 1;
	for (const dot of document.querySelectorAll("[data-dot]"))
		dot.style.left = `${(100 * Number(dot.dataset.dot)) / length}%`;
}

function stand() {
	const video = film();
	const form = document.querySelector("[data-say]");
	if (form && !form.querySelector("textarea").value) {
		form.querySelector("[data-at]").value = video.currentTime.toFixed(3);
		form.querySelector("[data-at-shown]").textContent = clock(video.currentTime);
	}
	let now = null;
	for (const mark of document.querySelectorAll(".rv-mark"))
		if (Number(mark.dataset.rvSeek) <= video.currentTime + 0.04) now = mark;
	for (const mark of document.querySelectorAll(".rv-mark"))
		mark.setAttribute("aria-current", String(mark === now));
	const link = document.querySelector("[data-now]");
	if (link && now) {
		link.hidden = false;
		link.href = `${link.dataset.now}#scene-${now.dataset.scene}`;
	}
}

document.addEventListener("click", (event) => {
	const target = event.target.closest("[data-rv-seek]");
	if (target && film()) {
		film().currentTime = Number(target.dataset.rvSeek) / ("ms" in target.dataset ? 1000 : 1);
		film().scrollIntoView({ block: "nearest" });
	}
	const copy = event.target.closest("[data-copy]");
	if (copy) {
		const field = copy.parentElement.querySelector("[data-copy-from]");
		field.select();
		navigator.clipboard?.writeText(field.value).then(
			() => {
				copy.querySelector("span:last-child").textContent = copy.dataset.done;
			},
			() => {},
		);
	}
});
/* Who begins to write stops the film at that moment. */
document.addEventListener("focusin", (event) => {
	if (!event.target.matches("[data-say] textarea") || !film()) return;
	film().pause();
	stand();
});
document.addEventListener("htmx:afterRequest", (event) => {
	if (event.detail.successful && event.detail.elt.matches?.("[data-say]")) event.detail.elt.reset();
});
/* A guest's comment is sent once, however often its button is pressed; whoever comes back to
   the page may say more. */
document.addEventListener("submit", (event) => {
	if (!event.target.matches("[data-say]:not([hx-post])")) return;
	if (event.target.dataset.sent) event.preventDefault();
	event.target.dataset.sent = "1";
	sessionStorage.setItem(
		PLACE,
		JSON.stringify({ path: location.pathname, at: film()?.currentTime ?? 0 }),
	);
});
window.addEventListener(
	"pageshow",
	() => delete document.querySelector("[data-say]")?.dataset.sent,
);
document.addEventListener("DOMContentLoaded", () => {
	if (!film()) return;
	lay();
	goOn();
	stand();
	for (const name of ["timeupdate", "seeked", "loadedmetadata"])
		film().addEventListener(name, stand);
});
