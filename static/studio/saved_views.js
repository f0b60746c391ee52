/* Saved views: the filters that the address has now are saved, and its link is copied. */

for (const form of document.querySelectorAll("[data-view-form]")) {
	const copy = form.querySelector("[data-copy-view]");
	copy.hidden = !navigator.clipboard;
	form.addEventListener("submit", () => {
		form.elements.query.value = location.search.slice(1);
	});
	copy.addEventListener("click", async () => {
		await navigator.clipboard.writeText(location.href);
		copy.querySelector("span:last-child").textContent = copy.dataset.done;
	});
}

document.addEventListener("click", (event) => {
	const open = document.querySelector(".vp-saved-views[open]");
	if (open && !open.contains(event.target)) open.open = false;
});
