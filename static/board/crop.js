/* The box over a take moves with the slider, before anything is saved. */

document.addEventListener("input", (event) => {
	const slider = event.target.closest?.("[data-crop]");
	const box = slider?.closest(".bd-crop")?.querySelector("[data-crop-box]");
	if (!box) return;
	const [place, length] = slider.dataset.crop === "x" ? ["left", "width"] : ["top", "height"];
	box.style[place] = `${((100 - parseFloat(box.style[length])) * slider.value) / 100}%`;
});
