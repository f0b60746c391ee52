/* The outline of a film's sound: scene marks in their places, a line that follows the play,
   and a click that seeks. */
for (const outline of document.querySelectorAll("[data-outline]")) {
	const video = document.getElementById(outline.dataset.outline);
	const width = 600;
	const now = outline.querySelector(".vp-now");
	const place = (line, seconds) => {
		const at = video.duration ? (width * seconds) / video.duration : 0;
		line.setAttribute("x1", at);
		line.setAttribute("x2", at);
	};
	const marks = () => {
		for (const mark of outline.querySelectorAll("[data-share]"))
			place(mark, Number(mark.dataset.share));
	};
	if (video) {
		if (video.readyState > 0) marks();
		video.addEventListener("loadedmetadata", marks);
		video.addEventListener("timeupdate", () => place(now, video.currentTime));
		outline.addEventListener("click", (event) => {
			const box = outline.getBoundingClientRect();
			if (video.duration)
				video.currentTime = (video.duration * (event.clientX - box.left)) / box.width;
		});
	}
}
