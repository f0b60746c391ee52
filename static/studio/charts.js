/* Charts: numbers come as JSON beside the canvas; the colours follow the theme. */
const charts = new Set();

function colours() {
	const style = getComputedStyle(document.documentElement);
	const read = (name) => style.getPropertyValue(name).trim();
	return {
		bars: ["--vp-bar-1", "--vp-bar-2", "--vp-bar-3", "--vp-bar-4", "--vp-bar-5", "--vp-bar-6"].map(
			read,
		),
		text: read("--vp-soft"),
		line: read("--vp-line"),
	};
}

function draw(canvas) {
	const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
	const colour = colours();
	const number = new Intl.NumberFormat(
		document.documentElement.lang,
		data.money ? { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" } : {},
	);
	const chart = new Chart(canvas, {
		type: "bar",
		data: {
			labels: data.labels,
			datasets: data.sets.map((set, index) => ({
				label: set.label,
				data: set.values,
				backgroundColor: colour.bars[index % colour.bars.length],
				borderRadius: 4,
				maxBarThickness: 26,
			})),
		},
		options: {
			maintainAspectRatio: false,
			animation: false,
			interaction: { mode: "index", intersect: false },
			plugins: {
				legend: {
					display: data.sets.length > 1,
					labels: { color: colour.text, boxWidth: 10, boxHeight: 10 },
				},
				tooltip: {
					callbacks: { label: (item) => `${item.dataset.label}: ${number.format(item.raw)}` },
				},
			},
			scales: {
				x: {
					stacked: !data.beside,
					grid: { display: false },
					ticks: { color: colour.text, maxRotation: 0, autoSkipPadding: 12 },
				},
				y: {
					stacked: !data.beside,
					beginAtZero: true,
					border: { display: false },
					grid: { color: colour.line },
					ticks: {
						color: colour.text,
						maxTicksLimit: 5,
						callback: (value) => number.format(value),
					},
				},
			},
		},
	});
	charts.add([canvas, chart]);
}

document.addEventListener("DOMContentLoaded", () => {
	document.querySelectorAll("canvas[data-chart]").forEach(draw);
	new MutationObserver(() => {
		const known = [...charts];
		charts.clear();
		for (const [canvas, chart] of known) {
			chart.destroy();
			draw(canvas);
		}
	}).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
});
