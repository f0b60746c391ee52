/* The scene at the playhead: what is said, what is shown, what is wrong. */

export class Side {
	constructor(root, timeline, player, texts) {
		Object.assign(this, { root, timeline, player, texts });
		player.addEventListener(
			"time",
			(event) => event.detail.changed && this.show(event.detail.scene),
		);
		timeline.onChange(() => timeline.scenes.length && this.show(timeline.at(player.at)));
		root.querySelector("[data-wb-card]").addEventListener("click", (event) => {
			event.preventDefault();
			this.edit();
		});
	}

	find(name) {
		return this.root.querySelector(`[data-wb-${name}]`);
	}

	edit() {
		const card = document.getElementById(`scene-${this.player.scene.id}`);
		card?.scrollIntoView({ block: "center" });
		const focus = () => card?.querySelector(".bd-narration, .bd-title")?.focus();
		if (!card?.classList.contains("bd-shell")) return focus();
		/* It gets its inside now that it is in sight. */
		new MutationObserver((_changes, observer) => {
			if (card.classList.contains("bd-shell")) return;
			observer.disconnect();
			focus();
		}).observe(card, { attributeFilter: ["class"] });
	}

	show(scene) {
		const lines = {
			n: String(scene.index + 1),
			title: scene.title || this.texts("untitled"),
			seconds: this.texts("seconds", { n: scene.seconds }),
			narration: scene.words || this.texts("noWords"),
			shows: scene.shows,
		};
		for (const [name, text] of Object.entries(lines)) this.find(name).textContent = text;
		this.find("states").replaceChildren(
			...scene.states.map(([tone, icon, text]) => {
				const row = Object.assign(document.createElement("li"), { className: `bd-${tone}` });
				const mark = Object.assign(document.createElement("span"), {
					className: "vp-icon material-symbols-outlined",
					textContent: icon,
				});
				mark.setAttribute("aria-hidden", "true");
				row.append(mark, Object.assign(document.createElement("span"), { textContent: text }));
				return row;
			}),
		);
		this.find("open").href = this.timeline.url(scene, scene.clip ? "?kind=clip" : "");
		this.find("card").href = `#scene-${scene.id}`;
		const split = this.find("split");
		if (!split) return;
		split.href = this.timeline.url(scene, "split/");
		split.hidden = !scene.mayArrange;
	}
}
