/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the charts of a report from the data in the page. Numbers are SI; every hint names the
 * dataset that its value was read from. */
"use strict";

const charts = JSON.parse(document.getElementById("charts").textContent);
const PAPER_WIDTH = 688; /* of page.css in print: 43rem */
let printing = false;
const drawn = new Map(); /* figure -> ECharts instance, or an explorer with redraw() */

/* Numbers for people: as pages/units.py */

const PREFIXES = [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"]];
const BINARY = [[2 ** 50, "PiB"], [2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]];

function digits(value) {
    const size = Math.abs(value);
    if (value === Math.round(value) && size < 1e6) return value.toLocaleString("en-US");
    if (size >= 1e15 || (size > 0 && size < 1e-3)) return value.toExponential(2).replace("e+", "e");
    const word = [[1e12, " trillion"], [1e9, " billion"], [1e6, " million"]].find(([least]) => size >= least);
    if (word) return digits(value / word[0]) + word[1];
    if (size >= 1000) return Number(value.toPrecision(3)).toLocaleString("en-US");
    const places = Math.max(0, 2 - Math.floor(Math.log10(size)));
    return value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}

function scaled(value, steps, unit) {
    const step = steps.find(([size]) => Math.abs(value) >= size);
    return step ? `${digits(value / step[0])} ${step[1]}${unit}` : `${digits(value)} ${unit || "B"}`;
}

/* What pure numbers count: the thing that their name says. */
const COUNTS = { tokens_per_step: "tokens", tensor_parallel: "chips", pipeline_parallel: "stages", context_parallel: "chips", expert_parallel: "chips", data_parallel: "copies", micro_batch: "sequences", prefill_replicas: "replicas", max_num_seqs: "sequences", prefill_max_num_seqs: "sequences", prefill_tensor_parallel: "chips", prefill_pipeline_parallel: "stages" };
const THINGS = ["chips", "replicas", "requests", "tokens", "blocks", "domains", "rows", "stores", "restores", "saves", "steps", "samples", "stages", "sequences", "swaps", "preemptions", "retries", "activities", "transfers", "times", "failures", "links", "interruptions", "components"];

function counted(value, name) {
    const words = (name || "").split("_");
    if ((name || "").includes("chip_hours")) return "chip-hours";
    const thing = (name && (COUNTS[name] || (name.includes("_per_") ? "" : THINGS.find((t) => words.includes(t))))) || "";
    return thing && value === 1 ? (thing === "copies" ? "copy" : thing.replace(/ies$/, "y").replace(/s$/, "")) : thing;
}

function quantity(value, unit, name) {
    if (value === null || value === undefined || Number.isNaN(value)) return "not known";
    if (unit === "1" || unit === "") return name && name.endsWith("_fraction") ? `${digits(100 * value)} %` : `${digits(value)} ${counted(value, name)}`.trim();
    if (unit === "1/s" && name) unit = name.includes("tokens") ? "tokens/s" : name.includes("requests") ? "requests/s" : unit;
    if (unit === "%") return `${digits(value)} %`;
    if (unit === "s") {
        const long = [[86400, "d"], [3600, "h"], [60, "min"]].find(([size]) => Math.abs(value) >= 2 * size);
        return long ? `${digits(value / long[0])} ${long[1]}` : scaled(value, PREFIXES.filter(([size]) => size <= 1), "s");
    }
    if (unit === "B") return scaled(value, BINARY, "");
    if (["B/s", "W", "J", "FLOP", "FLOP/s"].includes(unit)) return scaled(value, PREFIXES, unit);
    return `${digits(value)} ${unit}`;
}

/* Units that the labels of an axis carry, since their size changes along it; others stand in its name. */
const SCALED = ["s", "B", "B/s", "W", "J", "FLOP", "FLOP/s", "%", "1"];

/* A label of an axis, without zeros that say nothing. */
function tick(value, spec) {
    const label = SCALED.includes(spec.unit) ? quantity(value, spec.unit, spec.key) : digits(value);
    return label.replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, "");
}

/* Looks */

function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function text(value) {
    return String(value).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
}

function hint(title, lines, dataset) {
    const source = dataset ? `<br><code>${text(dataset)}</code>` : "";
    return `<b>${text(title)}</b><br>${lines.map(text).join("<br>")}${source}`;
}

function looks(chart) {
    const ink = css("--ink"), line = css("--line");
    return {
        animation: false,
        color: css("--series").split(" "),
        textStyle: { color: ink, fontFamily: "system-ui, sans-serif" },
        aria: { enabled: true, decal: { show: printing }, label: { description: `${chart.title}. ${chart.caption || ""}` } },
        legend: { type: "scroll", top: 0, left: 0, textStyle: { color: ink }, pageTextStyle: { color: ink }, pageIconColor: ink },
        tooltip: { trigger: "item", confine: true, backgroundColor: css("--panel"), borderColor: line, textStyle: { color: ink } },
        grid: { left: 12, right: 28, top: 44, bottom: 40, containLabel: true },
    };
}

function axis(spec, extra) {
    const muted = css("--muted");
    return Object.assign({
        type: spec.log ? "log" : "value", scale: Boolean(spec.scale), name: spec.unit && spec.unit !== "1" ? `${spec.name} [${spec.unit}]` : spec.name,
        nameLocation: "middle", nameGap: 30, splitNumber: innerWidth < 640 ? 3 : 5, nameTextStyle: { color: muted },
        axisLabel: { color: muted, formatter: (v) => tick(v, spec), hideOverlap: true },
        axisLine: { lineStyle: { color: muted } }, splitLine: { lineStyle: { color: css("--line") } },
    }, extra);
}

function names(values, extra) {
    return Object.assign({ type: "category", data: values, nameTextStyle: { color: css("--muted"), align: "left" }, axisLabel: { color: css("--muted"), width: innerWidth < 640 ? 110 : 200, overflow: "break", lineHeight: 12 }, axisLine: { lineStyle: { color: css("--muted") } } }, extra);
}

/* Kinds of chart: each makes ECharts options from the chart's data */

/* Bytes are told in powers of two: so are their ticks. */
function even(spec, most) {
    if (spec.unit === "%") return { max: 100 };
    if (spec.unit !== "B" || spec.log) return {};
    const interval = 2 ** Math.ceil(Math.log2(most / 6));
    return { interval, max: interval * Math.ceil(most / interval) };
}

function upright(spec) {
    return axis(spec, { max: spec.unit === "%" ? 100 : undefined, nameLocation: "end", nameGap: 12, nameTextStyle: { color: css("--muted"), align: "left" } });
}

/* All ranges and marks with some room; ends that are no round numbers have no label. */
function around(chart) {
    const all = [...chart.rows.flatMap((r) => [r.low, r.high, r.value]), ...chart.marks.map((m) => m.at)].filter((v) => v !== null);
    const least = Math.min(...all), most = Math.max(...all), room = 0.08 * (most - least || Math.abs(most) || 1);
    const made = axis(chart.x, { min: least - room, max: most + room });
    return Object.assign(made, { axisLabel: Object.assign(made.axisLabel, { showMinLabel: false, showMaxLabel: false }) });
}

const kinds = {
    stack(chart) {
        const total = chart.categories.map((_, i) => chart.series.reduce((sum, s) => sum + (s.values[i] || 0), 0));
        return {
            xAxis: axis(chart.x, even(chart.x, Math.max(...total, ...chart.series.map((s) => s.limit || 0)))), yAxis: names(chart.categories, { inverse: true }),
            series: chart.series.map((s) => ({
                name: s.name, type: "bar", stack: "all", data: s.values, barMaxWidth: 34,
                tooltip: { formatter: (p) => hint(s.name, [chart.categories[p.dataIndex], `${quantity(s.values[p.dataIndex], chart.x.unit, chart.x.key)}, ${digits(100 * s.values[p.dataIndex] / total[p.dataIndex])} % of ${quantity(total[p.dataIndex], chart.x.unit, chart.x.key)}`], s.datasets[p.dataIndex]) },
                markLine: s.limit === undefined ? undefined : { symbol: "none", data: [{ xAxis: s.limit, name: chart.limitName }], label: { formatter: chart.limitName, color: css("--ink"), position: "start" }, lineStyle: { color: css("--worse") } },
            })),
        };
    },
    points(chart) {
        const colours = css("--series").split(" ");
        const series = chart.series.map((s) => ({
            color: s.like === undefined ? undefined : colours[s.like % colours.length],
            name: s.name, type: s.line ? "line" : "scatter", data: s.points, showSymbol: Boolean(s.symbols), symbolSize: s.size || (s.line ? 5 : 9),
            step: s.step ? "end" : false, sampling: s.line ? "lttb" : undefined, triggerLineEvent: Boolean(s.line), lineStyle: { width: chart.zoom ? 1 : 2, type: s.dashed ? "dashed" : "solid" },
            tooltip: { formatter: (p) => hint(s.labels && p.dataIndex !== undefined ? s.labels[p.dataIndex] : s.name, [s.labels ? s.name : "", `${chart.x.name}: ${quantity(p.value[0], chart.x.unit, chart.x.key)}`, `${chart.y.name}: ${quantity(p.value[1], chart.y.unit, chart.y.key)}`].filter(Boolean), s.dataset) },
        }));
        return {
            legend: Object.assign(looks(chart).legend, { data: chart.series.filter((s) => !s.silent).map((s) => s.name) }),
            xAxis: axis(chart.x, even(chart.x, Math.max(...chart.series.flatMap((s) => s.points.map((p) => p[0]))))), yAxis: upright(chart.y), series,
            tooltip: Object.assign(looks(chart).tooltip, chart.series.every((s) => s.line) ? { trigger: "axis", formatter: (all) => along(chart, all) } : {}),
            dataZoom: [{ type: "inside", filterMode: "none" }, ...(chart.zoom ? [{ type: "slider", height: 18, bottom: 4, filterMode: "none" }] : [])],
            grid: { left: 12, right: 28, top: 62, bottom: chart.zoom ? 64 : 40, containLabel: true },
        };
    },
    gantt(chart) {
        const colours = css("--series").split(" "), narrowest = chart.items.length > 5000 ? 0.02 : 0.4; /* many thin slices mix their colours */
        return {
            xAxis: axis(chart.x, { min: 0, max: chart.end }), yAxis: names(chart.rows, { inverse: true }),
            dataZoom: [{ type: "inside", filterMode: "weakFilter" }, { type: "slider", height: 18, bottom: 4, filterMode: "weakFilter", showDataShadow: false }],
            grid: { left: 12, right: 28, top: 34, bottom: 64, containLabel: true },
            series: chart.kinds.map((kind, k) => ({
                name: kind, type: "custom", progressive: 0, itemStyle: { color: colours[k % colours.length] }, data: chart.items.filter((item) => item[3] === k), encode: { x: [1, 2], y: 0 },
                renderItem(params, api) {
                    const start = api.coord([api.value(1), api.value(0)]), end = api.coord([api.value(2), api.value(0)]);
                    const height = api.size([0, 1])[1] * 0.7;
                    return { type: "rect", shape: { x: start[0], y: start[1] - height / 2, width: Math.max(end[0] - start[0], narrowest), height }, style: { fill: colours[api.value(3) % colours.length] } };
                },
                tooltip: { formatter: (p) => hint(kind, [chart.rows[p.value[0]], p.value[4] >= 0 ? `microbatch ${p.value[4]}` : "", `from ${quantity(p.value[1], "s")}, for ${quantity(p.value[2] - p.value[1], "s")}`].filter(Boolean), chart.dataset) },
            })),
        };
    },
    heat(chart) {
        const values = chart.cells.map((c) => c[2]).filter((v) => v !== null);
        const spec = chart.value;
        return {
            legend: { show: false },
            xAxis: names(chart.xs, { position: "bottom", name: chart.xName, nameLocation: "middle", nameGap: 28, nameTextStyle: { color: css("--muted"), align: "center" } }), yAxis: names(chart.ys, { inverse: Boolean(chart.inverse), name: chart.yName }),
            visualMap: { min: chart.from ?? Math.min(...values), max: chart.to ?? Math.max(...values), calculable: true, orient: "horizontal", left: "center", top: 0, dimension: 2, textStyle: { color: css("--ink") }, formatter: (v) => quantity(v, spec.unit, spec.key), inRange: { color: ["#2f4b7c", "#56b4e9", "#f0e442", "#d55e00"] } },
            grid: { left: 12, right: 28, top: 56, bottom: 40, containLabel: true },
            series: [{
                type: "heatmap", data: chart.cells.map((c) => c.slice(0, 3)), itemStyle: { borderColor: css("--panel"), borderWidth: 1 },
                tooltip: { formatter: (p) => hint(chart.cells[p.dataIndex][3] || `${chart.ys[p.value[1]]}, ${chart.xs[p.value[0]]}`, [`${spec.name}: ${quantity(p.value[2], spec.unit, spec.key)}`, ...(chart.cells[p.dataIndex][4] || [])], chart.dataset) },
            }],
        };
    },
    /* Racks side by side; each chip a box, its links fields in it. Fields are drawn in units of a column. */
    machine(chart) {
        const count = chart.media.length, gap = 1, wide = chart.groups.length * (chart.wide + gap) - gap;
        const left = (box) => box[0] * (chart.wide + gap) + box[1];
        const worst = (links) => links.reduce((most, l) => Math.max(most, l[2]), 0);
        const data = chart.boxes.flatMap((box, b) => box[4].map((links, m) => [left(box) + (m + 0.5) / count, box[2], links.length ? worst(links) : null, b, m]));
        const name = (box) => `chip ${box[3]}${chart.groups[box[0]] ? `, ${chart.groups[box[0]]}` : ""}`;
        const hintOf = (box, m) => {
            const links = box[4][m];
            const lines = links.map((l) => `${l[1]}: ${quantity(l[2], "1", "busy_fraction")} of the time, ${quantity(l[3], "B")}${l[4] > 1 ? `, stands for ${l[4]} links` : ""}`);
            const rows = links.map((l) => l[0]);
            return hint(`${name(box)}, ${chart.media[m]}`, lines.length ? lines : ["not in use"], rows.length ? `${chart.dataset}/busy_fraction[${rows.join(", ")}]` : "");
        };
        const steps = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.000001], shades = css("--use").split(" ");
        const pieces = shades.map((color, i) => ({ gte: steps[i], lt: steps[i + 1], color, label: `${100 * steps[i]}–${Math.round(100 * steps[i + 1])} %` }));
        const narrow = innerWidth < 640;
        return {
            legend: { show: false },
            xAxis: { type: "value", min: 0, max: wide, show: false }, yAxis: { type: "category", data: Array.from({ length: chart.high }, (_, i) => `${chart.rowName} ${i}`.trim()), inverse: true, axisLabel: { color: css("--muted"), interval: chart.high > 20 ? "auto" : 0, fontSize: 10 }, axisLine: { show: false }, axisTick: { show: false } },
            visualMap: { type: "piecewise", pieces, orient: "horizontal", left: "center", top: 0, dimension: 2, itemGap: narrow ? 3 : 8, itemWidth: narrow ? 8 : 16, textGap: narrow ? 2 : 4, textStyle: { color: css("--ink"), fontSize: narrow ? 8 : 11, fontFamily: "system-ui, sans-serif" }, outOfRange: { color: css("--panel") } },
            grid: { left: 4, right: 8, top: 56, bottom: 8, containLabel: true },
            graphic: [],
            series: [{
                type: "custom", data, encode: { x: 0, y: 1 }, progressive: 0,
                renderItem(params, api) {
                    const box = chart.boxes[api.value(3)], m = api.value(4), rows = api.size([0, 1])[1], cell = api.size([1, 0])[0];
                    const corner = api.coord([left(box), box[2]]), margin = Math.min(3, cell * 0.06), inner = (cell - 2 * margin) / count, height = rows * 0.8;
                    const known = box[4][m].length > 0;
                    const field = { type: "rect", shape: { x: corner[0] + margin + m * inner, y: corner[1] - height / 2, width: Math.max(inner - 1, 1), height }, style: { fill: known ? api.visual("color") : css("--panel"), stroke: css("--line"), lineWidth: 0.5 } };
                    if (m > 0) return field;
                    const frame = { type: "rect", silent: true, shape: { x: corner[0] + margin - 1.5, y: corner[1] - height / 2 - 1.5, width: cell - 2 * margin + 2, height: height + 3, r: 2 }, style: { fill: "none", stroke: css("--muted"), lineWidth: 1 } };
                    return { type: "group", children: [field, frame] };
                },
                tooltip: { formatter: (p) => hintOf(chart.boxes[p.value[3]], p.value[4]) },
                markPoint: { silent: true, symbolSize: 0.1, label: { formatter: (p) => p.name, color: css("--ink"), fontWeight: 600, offset: [0, -16] }, data: chart.groups.map((g, i) => ({ name: g, coord: [i * (chart.wide + gap) + chart.wide / 2, 0] })).filter((d) => d.name) },
            }],
        };
    },
    ranges(chart) {
        const bar = css("--accent"), ink = css("--ink");
        return {
            legend: { show: false }, grid: { left: 12, right: 36, top: chart.marks && chart.marks.length ? 26 : 12, bottom: 40, containLabel: true },
            xAxis: chart.marks ? around(chart) : axis(chart.x),
            yAxis: names(chart.rows.map((r) => r.name), { inverse: true }),
            series: [{
                type: "custom", data: chart.rows.map((r, i) => [i, r.low, r.high, r.value]), encode: { x: [1, 2, 3], y: 0 },
                renderItem(params, api) {
                    const row = chart.rows[params.dataIndex], height = Math.min(api.size([0, 1])[1] * 0.5, 16);
                    const from = api.coord([row.low, params.dataIndex]), to = api.coord([row.high, params.dataIndex]), at = api.coord([row.value, params.dataIndex]);
                    return { type: "group", children: [
                        { type: "rect", shape: { x: from[0], y: from[1] - height / 2, width: Math.max(to[0] - from[0], 1), height }, style: { fill: bar, opacity: 0.45 } },
                        { type: "rect", shape: { x: at[0] - 1.5, y: at[1] - height / 2 - 3, width: 3, height: height + 6 }, style: { fill: ink } }] };
                },
                tooltip: { formatter: (p) => { const r = chart.rows[p.dataIndex]; return hint(r.name, [`${quantity(r.value, chart.x.unit, chart.x.key)}, from ${quantity(r.low, chart.x.unit, chart.x.key)} to ${quantity(r.high, chart.x.unit, chart.x.key)}`, ...(r.lines || [])], r.dataset); } },
                markLine: chart.marks ? { symbol: "none", data: chart.marks.map((m) => ({ xAxis: m.at, name: m.name })), label: { formatter: (p) => p.name, color: ink, position: "start" }, lineStyle: { color: css("--worse"), type: "dashed" } } : undefined,
            }],
        };
    },
};

function along(chart, all) {
    const first = Array.isArray(all) ? all[0] : all;
    if (!first) return "";
    const lines = (Array.isArray(all) ? all : [all]).map((p) => `${p.seriesName}: ${quantity(p.value[1], chart.y.unit, chart.y.key)}`);
    const sources = [...new Set((Array.isArray(all) ? all : [all]).map((p) => chart.series[p.seriesIndex].dataset))].join(", ");
    return hint(`${chart.x.name} ${quantity(first.value[0], chart.x.unit, chart.x.key)}`, lines, sources);
}

/* Rows of a legend beyond the first; on paper none can be scrolled to. */
function further(made) {
    const told = made.legend.show === false ? [] : made.legend.data || made.series.map((s) => s.name);
    return printing ? Math.max(0, Math.ceil(told.reduce((sum, name) => sum + 6.5 * name.length + 45, 0) / PAPER_WIDTH) - 1) : 0;
}

function options(chart) {
    const base = looks(chart), own = kinds[chart.kind](chart);
    const made = Object.assign(base, own, { tooltip: Object.assign(base.tooltip, own.tooltip || {}) });
    if (!printing) return made;
    made.legend.type = "plain";
    made.grid.top += 22 * further(made);
    return Object.assign(made, { dataZoom: [] });
}

function size(chart) {
    if (chart.kind === "machine") return Math.min(chart.high, 32) * 20 + 80;
    if (chart.kind === "gantt" || chart.kind === "ranges" || chart.kind === "stack") {
        const rows = (chart.rows || chart.categories).length;
        return Math.max(chart.kind === "stack" ? 150 : 110, Math.min(rows, 60) * (chart.kind === "gantt" ? 18 : 34) + 100);
    }
    return 0;
}

function draw(figure) {
    const chart = charts[Number(figure.dataset.chart)], plot = figure.querySelector(".plot");
    if (chart.kind === "explore") {
        drawn.get(figure) ? drawn.get(figure).redraw() : drawn.set(figure, explore(figure, plot, chart));
        return;
    }
    const made = options(chart);
    if (size(chart)) plot.style.height = `${size(chart) + 22 * further(made)}px`;
    if (drawn.has(figure)) {
        drawn.get(figure).resize();
    } else {
        const count = (chart.items || []).length + (chart.series || []).reduce((sum, s) => sum + (s.points || []).length, 0);
        drawn.set(figure, echarts.init(plot, null, { renderer: count > 1500 ? "canvas" : "svg" }));
    }
    drawn.get(figure).setOption(made, true);
}

/* Sweeps: one set of points in three views; what is brushed in the parallel axes is what the
 * others show. */

const CELLS_MOST = 24;

function explore(figure, plot, chart) {
    const columns = chart.columns, rows = chart.rows, state = { x: chart.start.x, y: chart.start.y, colour: chart.start.colour, cell: chart.start.y, kept: rows.map((_, i) => i) };
    const column = (name) => columns.findIndex((c) => c.name === name);
    const controls = document.createElement("div");
    controls.className = "controls";
    const count = document.createElement("output");
    const views = ["scatter", "parallel", "heat"].map((name) => {
        const box = document.createElement("div");
        box.className = `plot view-${name}`;
        return box;
    });
    figure.insertBefore(controls, plot);
    plot.replaceWith(...views);
    const numeric = columns.filter((c) => !c.names);
    const choice = (label, key, list) => {
        const wrap = document.createElement("label"), select = document.createElement("select");
        select.name = key;
        select.append(...list.map((c) => new Option(c.unit && c.unit !== "1" ? `${c.name} [${c.unit}]` : c.name, c.name, false, c.name === state[key])));
        select.addEventListener("change", () => { state[key] = select.value; redraw(); });
        wrap.append(label, select);
        controls.append(wrap);
    };
    choice("across", "x", numeric);
    choice("up", "y", numeric);
    choice("colour", "colour", columns);
    if (chart.keys.length >= 2) choice("map shows the best", "cell", numeric);
    const reset = document.createElement("button");
    reset.type = "button";
    reset.textContent = "all points";
    controls.append(reset, count);
    const [scatter, parallel, heat] = views.map((box) => echarts.init(box, null, { renderer: "canvas" }));
    const show = (c, v) => v === null ? "none" : c.names ? c.names[v] : quantity(v, c.unit, c.name);

    function front(points, x, y) {
        const better = (c, a, b) => columns[c].more ? a > b : a < b;
        const sorted = [...points].sort((a, b) => better(x, a[0], b[0]) ? -1 : a[0] === b[0] ? (better(y, a[1], b[1]) ? -1 : 1) : 1);
        const kept = [];
        for (const p of sorted) if (!kept.length || better(y, p[1], kept[kept.length - 1][1])) kept.push(p);
        return kept;
    }

    function scattered() {
        const x = column(state.x), y = column(state.y), colour = column(state.colour);
        const data = state.kept.filter((i) => rows[i][x] !== null && rows[i][y] !== null).map((i) => [rows[i][x], rows[i][y], rows[i][colour], i]);
        const groups = columns[colour].names, values = data.map((d) => d[2]).filter((v) => v !== null);
        const point = { tooltip: { formatter: (p) => hint(`point ${rows[p.value[3]][0]}`, columns.slice(1).map((c, k) => `${c.name}: ${show(c, rows[p.value[3]][k + 1])}`).slice(0, 14), `${chart.dataset}/${state.y}`) }, symbolSize: data.length > 2000 ? 4 : 8, large: false };
        const series = groups ? groups.map((name, g) => Object.assign({ name, type: "scatter", data: data.filter((d) => d[2] === g) }, point)) : [Object.assign({ name: "points", type: "scatter", data }, point)];
        const best = front(data, x, y);
        series.push({ name: "best of both (Pareto front)", type: "line", step: false, data: best, symbolSize: 7, lineStyle: { width: 2, color: css("--ink") }, itemStyle: { color: css("--ink") }, tooltip: point.tooltip });
        const base = looks(chart);
        scatter.setOption(Object.assign(base, {
            xAxis: axis({ name: state.x, unit: columns[x].unit, key: state.x, scale: true }), yAxis: upright({ name: state.y, unit: columns[y].unit, key: state.y, scale: true }), series,
            dataZoom: [{ type: "inside", xAxisIndex: 0, filterMode: "none" }, { type: "inside", yAxisIndex: 0, filterMode: "none" }],
            visualMap: groups || !values.length ? undefined : { type: "continuous", seriesIndex: 0, dimension: 2, min: Math.min(...values), max: Math.max(...values), right: 0, top: "middle", itemHeight: 90, textStyle: { color: css("--ink") }, formatter: (v) => quantity(v, columns[colour].unit, columns[colour].name), inRange: { color: ["#2f4b7c", "#56b4e9", "#f0e442", "#d55e00"] } },
            grid: { left: 12, right: groups ? 28 : 100, top: 62, bottom: 40, containLabel: true },
        }), true);
        figure.dataset.shown = String(data.length);
        count.textContent = `${state.kept.length.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")} points`;
    }

    /* A number of few values has a place for each on its axis. */
    function few(c) {
        const found = [...new Set(rows.map((r) => r[c]))].filter((v) => v !== null);
        return found.length <= 12 ? found.sort((p, q) => p - q).map((v) => quantity(v, columns[c].unit, columns[c].name)) : null;
    }

    function lines() {
        const ink = css("--ink"), used = chart.axes.map(column);
        const levels = used.map((c) => columns[c].names || few(c));
        const level = (r, k) => r[used[k]] === null || !levels[k] ? r[used[k]] : columns[used[k]].names ? levels[k][r[used[k]]] : quantity(r[used[k]], columns[used[k]].unit, columns[used[k]].name);
        parallel.setOption({
            animation: false, textStyle: { color: ink, fontFamily: "system-ui, sans-serif" }, parallel: { left: 70, right: 110, top: 66, bottom: 24 },
            aria: { enabled: true, label: { description: `${chart.title}: parallel axes` } },
            parallelAxis: used.map((c, dim) => ({ dim, name: columns[c].unit && columns[c].unit !== "1" ? `${columns[c].name} [${columns[c].unit}]` : columns[c].name, type: levels[dim] ? "category" : "value", data: levels[dim] || undefined, scale: true, nameTextStyle: { color: ink, fontSize: 11, lineHeight: 13 }, nameGap: dim % 2 ? 30 : 10, axisLabel: { color: css("--muted"), formatter: levels[dim] ? undefined : (v) => quantity(v, columns[c].unit, columns[c].name) }, nameLocation: "end", nameRotate: 0 })),
            series: [{ type: "parallel", lineStyle: { width: 1, opacity: rows.length > 1000 ? 0.06 : 0.4, color: css("--accent") }, inactiveOpacity: 0.01, activeOpacity: 0.5, progressive: 2000, data: rows.map((r) => used.map((c, k) => level(r, k))) }],
        }, true);
    }

    /* Places along a side of the map: each value, or equal steps (of the logarithm, over a wide range). */
    function bins(c) {
        const values = columns[c].names ? columns[c].names.map((_, i) => i) : [...new Set(rows.map((r) => r[c]))].filter((v) => v !== null).sort((p, q) => p - q);
        if (values.length <= CELLS_MOST) return { names: values.map((v) => show(columns[c], v)), of: (v) => values.indexOf(v) };
        const least = values[0], most = values[values.length - 1], wide = least > 0 && most / least > 100;
        const place = (v) => wide ? Math.log(v / least) / Math.log(most / least) : (v - least) / (most - least);
        const middle = (i) => { const at = (i + 0.5) / CELLS_MOST; return wide ? least * (most / least) ** at : least + (most - least) * at; };
        return { names: Array.from({ length: CELLS_MOST }, (_, i) => `about ${quantity(middle(i), columns[c].unit, columns[c].name)}`), of: (v) => Math.min(CELLS_MOST - 1, Math.floor(place(v) * CELLS_MOST)) };
    }

    function mapped() {
        if (chart.keys.length < 2) { views[2].style.display = "none"; return; }
        const [a, b] = chart.keys.map(column), v = column(state.cell), best = new Map();
        const xs = bins(a), ys = bins(b);
        for (const i of state.kept) {
            const r = rows[i], key = `${xs.of(r[a])},${ys.of(r[b])}`;
            if (r[v] !== null && (!best.has(key) || (columns[v].more ? r[v] > best.get(key)[0] : r[v] < best.get(key)[0]))) best.set(key, [r[v], r[0]]);
        }
        const cells = [...best].map(([key, [value, id]]) => [...key.split(",").map(Number), value, null, [`point ${id}`]]);
        const spec = { title: `${state.cell} over ${chart.keys[0]} and ${chart.keys[1]}`, caption: "", kind: "heat", xs: xs.names, ys: ys.names, xName: chart.keys[0], yName: chart.keys[1], cells, value: { name: state.cell, unit: columns[v].unit, key: state.cell }, dataset: `${chart.dataset}/${state.cell}` };
        heat.setOption(options(spec), true);
    }

    function redraw() {
        scattered();
        lines();
        mapped();
    }

    parallel.on("axisareaselected", () => {
        const chosen = new Set(parallel.getModel().getSeriesByIndex(0).getRawIndicesByActiveState("active"));
        const anything = parallel.getModel().getSeriesByIndex(0).getRawIndicesByActiveState("inactive").length > 0;
        state.kept = anything ? rows.map((_, i) => i).filter((i) => chosen.has(i)) : rows.map((_, i) => i);
        scattered();
        mapped();
    });
    reset.addEventListener("click", () => { state.kept = rows.map((_, i) => i); redraw(); });
    redraw();
    return { redraw, resize: () => [scatter, parallel, heat].forEach((c) => c.resize()), scatter, parallel, heat };
}

/* Light and dark, sizes, print */

function drawAll() {
    document.querySelectorAll("figure[data-chart]").forEach(draw);
}

function isDark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

document.getElementById("sources").addEventListener("click", (event) => {
    const on = document.documentElement.classList.toggle("sources");
    event.currentTarget.setAttribute("aria-pressed", String(on));
});
document.getElementById("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    drawAll();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
addEventListener("resize", () => drawn.forEach((c) => c.resize()));
/* On paper: always light, with patterns beside colours, as wide as the sheet. */
addEventListener("beforeprint", () => {
    printing = true;
    document.documentElement.dataset.before = document.documentElement.dataset.theme || "";
    document.documentElement.dataset.theme = "light";
    document.querySelectorAll("details").forEach((d) => { d.dataset.before = String(d.open); d.open = Boolean(d.closest("figure, .answer")); });
    document.querySelector("main").style.width = `${PAPER_WIDTH}px`;
    drawAll();
    drawn.forEach((c) => c.resize());
});
addEventListener("afterprint", () => {
    printing = false;
    const before = document.documentElement.dataset.before;
    if (before) document.documentElement.dataset.theme = before;
    else delete document.documentElement.dataset.theme;
    document.querySelectorAll("details").forEach((d) => { d.open = d.dataset.before === "true"; });
    document.querySelector("main").style.width = "";
    drawAll();
    drawn.forEach((c) => c.resize());
});
drawAll();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
