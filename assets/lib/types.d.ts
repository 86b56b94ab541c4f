/* What the scripts of the page know about one another, about Dash and about Plotly; for the type checker alone. */

/** The one global: what the server told, and what each file offers. */
interface Metrics {
  page: PageData;
  /** The last answer. Before the first picture it may say no more than what is wrong (`error`). */
  answer: Answer | null;

  /* lib/ */
  clipboard: typeof import("./clipboard.js");
  colours: typeof import("./colours.js");
  dom: typeof import("./dom.js");
  draws: typeof import("./draws.js");
  ticks: typeof import("./ticks.js");
  events: typeof import("./events.js");
  files: typeof import("./files.js");
  filters: typeof import("./filters.js");
  graphs: typeof import("./graphs.js");
  links: typeof import("./links.js");
  menus: typeof import("./menus.js");
  notice: typeof import("./notice.js");
  range: typeof import("./range.js");
  server: typeof import("./server.js");
  shown: typeof import("./shown.js");
  storage: typeof import("./storage.js");
  time: typeof import("./time.js");
  url: typeof import("./url.js");

  /* chart/ */
  crosshair: typeof import("../chart/crosshair.js");
  dialog: typeof import("../chart/dialog.js");
  grid: typeof import("../chart/grid.js");
  marker: typeof import("../chart/marker.js");
  notes: typeof import("../chart/notes.js");
  placement: typeof import("../chart/placement.js");
  pointer: typeof import("../chart/pointer.js");
  reading: typeof import("../chart/reading.js");
  rows: typeof import("../chart/rows.js");
  selection: typeof import("../chart/selection.js");
  table: typeof import("../chart/table.js");
  series: typeof import("../chart/series.js");
  tools: typeof import("../chart/tools.js");
  values: typeof import("../chart/values.js");
  zoom: typeof import("../chart/zoom.js");

  /* page/ */
  finder: typeof import("../page/finder.js");
  keysheet: typeof import("../page/keysheet.js");
  tabbar: typeof import("../page/tabbar.js");
  questions: typeof import("../page/questions.js");
  recent: typeof import("../page/recent.js");
  unchanged: typeof import("../page/unchanged.js");
  standing: typeof import("../page/standing.js");

  /* share/ */
  blocks: typeof import("../share/blocks.js");
  canvas: typeof import("../share/canvas.js");
  cards: typeof import("../share/cards.js");
  drawing: typeof import("../share/drawing.js");
  facts: typeof import("../share/facts.js");
  picture: typeof import("../share/picture.js");
  ranking: typeof import("../share/ranking.js");
  png: typeof import("../share/png.js");
  share: typeof import("../share/link.js");

  /* wall/ */
  listings: typeof import("../wall/rows.js");
  pages: typeof import("../wall/pages.js");
  rotation: typeof import("../wall/rotation.js");
  still: typeof import("../wall/still.js");
  turns: typeof import("../wall/turns.js");
}

/** What is announced, and with what; events.js says when. */
interface MetricsEvents {
  address: undefined;
  marked: { drawn: Address; asked: Address };
  standing: Answer;
  answer: Answer;
  ask: { reason: "tick" | "rotate"; search?: string };
  connection: { problem: string | null; since: number };
  version: string;
  turning: boolean;
  held: number;
  paged: undefined;
  figure: { graph: Graph; figure: Figure };
  drawn: undefined;
  tapped: { card: number; left: number; top: number };
  switched: string;
  menu: HTMLElement;
  point: { chart: string; start: number; from: HTMLElement };
}

/* From the server. Moments are epoch ms. */

/** layouts/shell.py: page_data() */
interface PageData {
  base: string;
  version: string;
  defaults: Record<string, string>;
  tabs: { id: string; title: string }[];
  /** By theme, then by name. */
  colours: Record<string, Record<string, string>>;
  charts: { id: string; title: string; tab: string }[];
  /** What the title of the window ends with. */
  product: string;
  rangeKeys: { key: string; range: string; title: string }[];
  comparisons: Record<string, string>;
  /** What an address may say. */
  parameters: string[];
  /** Other names of steps, such as minute for 1m. */
  stepNames: Record<string, string>;
}

/** What "/" finds: a tab, or a chart of it, which is under the tab's title. */
interface Findable {
  tab: string;
  chart: string;
  title: string;
  under: string;
}

/** callbacks/refresh.py. With an error there are no more than tab, number, brings, error, final, unread and version. */
interface Answer {
  tab: string;
  /** Of the question. */
  number: number;
  /** What it changes on the page: cards with everything in them, the figures on the cards that stand, their traces. */
  brings: "nothing" | "cards" | "figures" | "traces";
  error: string | null;
  /** Asked again, the server would say the same: it is the address that can't be shown. */
  final: boolean;
  /** Of the address: what can't be read, and so is passed over. */
  unread?: { name: string; value: string; text: string }[];
  version?: string;
  at: number;
  completeThrough: number;
  /** What is drawn: whole buckets. */
  start: number;
  end: number;
  asked: { start: number; end: number };
  live: boolean;
  zone: string;
  step: string;
  /** The steps that may be chosen for its range. */
  choices: string[];
  note: string | null;
  steps: Record<string, Changes>;
  lag: Lag | null;
  about: About;
  annotations: NoteGroup[];
  /** On a wall that rotates by a dimension: that one, its values in the tab, and the one that is shown, "" for all. */
  rotation?: { by: string; value: string; values: string[] } | null;
  /** What the button of the times calls the range. */
  rangeName: string;
}

/** layouts/annotations.py: what stands as one mark, oldest first. */
interface NoteGroup {
  at: number;
  notes: Note[];
}

/** What somebody says of a moment, or of a span where the end is another one. */
interface Note {
  start: number;
  end: number;
  title: string;
  text: string;
  tags: string[];
  url: string | null;
  source: string;
}

/** How far back a chart is compared: milliseconds, or days or months of the calendar. */
interface Compared {
  number: number;
  unit: "ms" | "d" | "M";
}

interface Lag {
  seconds: number;
  why: string;
  long: boolean;
}

/** layouts/export/about.py */
interface About {
  range: string;
  length: string;
  stem: string;
  facts: Fact[];
  charts: AboutChart[];
}

interface AboutChart {
  id: string;
  title: string;
  unit: string;
  size: "small" | "wide" | "full" | null;
  tile: boolean;
  headline: [kind: string, text: string][];
  facts: Fact[];
  state: string[];
}

type Fact = [name: string, text: string];

/** routes/details.py */
interface Column {
  name: string;
  kind: string;
  values: Cell[];
  /** Whether their sum means something. */
  adds?: boolean;
  /** The dimension that its values can filter by. */
  filter?: string;
}

interface DataTable {
  element: HTMLTableElement;
  /** Shows the rows alone that hold all of these words. */
  search(wanted: string): void;
  /** What is shown, headings first. */
  lines(): string[][];
  count(): number;
  all: number;
}

type Cell = string | number | boolean | null | undefined;

/* Between the scripts */

/** Of the address. An empty value takes a name out, a list gives it several times. */
type Changes = Record<string, string | string[] | null | undefined>;

interface LinkKind {
  selector: string;
  changes(link: HTMLElement): Changes;
  /** Whether what it changes to is so already. */
  holds(link: HTMLElement, address: Address): boolean;
}

/** What a query of the page says: see url.of. */
interface Address {
  get(name: string): string;
  getAll(name: string): string[];
  holds(changes: Changes): boolean;
  isLive(): boolean;
}

/** A moment by two clocks: of the wall, null where it is not known, and since the page began. */
interface Instant {
  at: number | null;
  since: number;
}

/** figures and cards: what stood on the page when it was asked. */
interface Question {
  number: number;
  reason: AskReason;
  search: string;
  key: string;
  looks: string;
  at: number;
  figures: number;
  cards: number;
  state: "open" | "answered" | "unanswered";
}

type AskReason = "navigate" | "tick" | "rotate";

interface UsedRange {
  from: string;
  to: string;
}

/** Where on a chart the pointer is: in px of the plot, and as a moment. */
interface Spot {
  graph: Graph;
  x: number;
  moment: number;
}

/** From and to: px of the plot. Alone: for this chart and not for the tab. */
interface Chosen {
  graph: Graph;
  from: number;
  to: number;
  alone: boolean;
}

interface Drag extends Spot, Chosen {
  began: number;
  moved: boolean;
}

/** Fingers by pointer, each with its place on the plot (px). Anchor: where a range begins. x and y: where the first
 * finger came down, in px of the window; at: when, and whether it has ``rested`` there since. */
interface Touching {
  graph: Graph | null;
  fingers: Map<number, number>;
  anchor: number;
  x: number;
  y: number;
  at: number;
  rested: boolean;
  means: "tap" | "reading" | "range";
}

/** What a series reads at a bucket; low and high: the edges of its band. */
interface Row {
  name: string;
  group: string;
  value: number | null;
  low?: number | null;
  high?: number | null;
  colour: string | undefined;
  before?: boolean;
  /** Before a number that is a bound. */
  sign?: string;
}

/** Of a chart, as layouts/units.py has it: in which unit its values are counted, in which zero is said, and those in which
 * what is too little for it is, with how many of it they are, the greatest first. */
interface Units {
  unit: string;
  zero: string;
  finer: [unit: string, of: number][];
}

interface Reading {
  step: string;
  compared: Compared | null;
  moment: number;
  time: string;
  zone: string;
  units: Units;
  rows: Row[];
  /** Of events that were refused. */
  notes: string[];
  several: boolean;
}

interface LegendEntry {
  filter?: string;
  key: string;
  /** In addresses. */
  name: string;
  label: string;
  colour: string;
  off: boolean;
}

interface SeriesGroup {
  /** What filters the tab by its value, where it is one. */
  filter?: string;
  key: string;
  /** In addresses. */
  name: string;
  label: string;
  places: number[];
}

interface Sorting {
  column: number;
  descending: boolean;
}

/** What a wall shows at a time: a value of the dimension that it rotates by, "" for all; a page from 0, -1 the last. */
interface Place {
  tab: string;
  value: string;
  page: number;
}

interface Turn {
  next: string;
  left: number | null;
  part: number;
  held: boolean;
}

/* Pictures */

interface TextStyle {
  size: number;
  weight?: number;
  colour: string;
}

/** share/ranking.js */
interface RankingRow {
  cells: { text: string; kind: string }[];
  share: number;
  line: string[];
  part: string;
}

interface Ranking {
  rows: RankingRow[];
}

interface Board {
  canvas: HTMLCanvasElement;
  pen: CanvasRenderingContext2D;
  colours: Record<string, string>;
  width(text: string, style: TextStyle): number;
  wrap(text: string, room: number, style: TextStyle): string[];
  write(text: string, x: number, y: number, style: TextStyle): void;
  open(across: number, down: number): void;
}

interface Block {
  height: number;
  draw(x: number, y: number): void;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/* Plotly: what of it is used */

interface Axis {
  type: string;
  autorange: boolean | undefined;
  _offset: number;
  _length: number;
  tickfont: { size: number; family: string };
  /** From a value to px of the plot, and back. */
  c2p(value: number): number;
  p2c(px: number): number;
}

/** layouts/figure/axes.py: window_meta(). Edges where buckets are not of one length. Offset: from UTC, in ms. */
interface GraphMeta extends Units {
  step: string;
  compared: Compared | null;
  grid: { first: number; step: number; count: number; edges?: number[] | null };
  offset: number;
  start: number;
  end: number;
  zone: string;
  draw: string;
  /** When events were refused, and in words how many and why. */
  refused: { start: number; end: number; text: string }[];
  /** In which buckets a filter leaves the number in doubt, and what stands before it. */
  doubt?: { sign: string; at: number[] } | null;
  /** The same of the whole range, for the card's foot; empty where none were. */
  refusedInAll: string;
  stacked: boolean;
  /** By key: a series' name as addresses have it, and as people read it. */
  series: Record<string, { name: string; label: string }>;
  /** What it is split by, and the keys of its values. */
  split?: { by: string; values: string[] } | null;
}

/** layouts/figure/figures.py */
interface Trace {
  type?: string;
  mode?: string;
  name: string;
  legendgroup: string;
  showlegend?: boolean;
  visible?: boolean | "legendonly";
  meta?: "value" | "zero" | "low" | "high" | "before" | "anchor" | "cells" | "fill";
  x?: ArrayLike<number | string>;
  x0?: number | string;
  dx?: number;
  y: ArrayLike<number | null>;
  customdata?: ArrayLike<number | null>;
  line?: { color: string };
  marker?: { color: string; pattern?: { shape?: string; fgcolor: string } };
}

interface Figure {
  data: Trace[];
  layout: { meta: GraphMeta; margin?: { t: number; b: number } };
}

interface Graph extends HTMLElement {
  data: Trace[];
  layout: { width?: number; height?: number; xaxis?: Record<string, unknown>; [name: string]: unknown };
  _fullLayout: { xaxis: Axis; yaxis: Axis; meta: GraphMeta; width: number; height: number; _lastBBox?: DOMRect };
  _fullData: Trace[];
  on(event: string, listener: () => void): void;
}

interface PlotlyStatic {
  Plots: { resize(graph: Graph): Promise<unknown> };
  react(graph: Graph, ...figure: unknown[]): Promise<unknown>;
  relayout(graph: Graph, change: Record<string, unknown>): Promise<unknown>;
  restyle(graph: Graph, change: Record<string, unknown>, traces: number[]): Promise<unknown>;
  toImage(figure: object, options: Record<string, unknown>): Promise<string>;
}

/** A figure as Dash hands it to Plotly. */
interface DrawnFigure {
  data: Trace[];
  layout?: { meta?: GraphMeta; xaxis?: object; [name: string]: unknown };
  config?: object;
}

/** Where a graph is: how far out of sight, and how large (px). */
interface Whereabouts {
  graph: Graph;
  away: number;
  rect: DOMRect;
  clientWidth: number;
  clientHeight: number;
}

/** A figure that waits for its turn; done resolves what drawn promises (lib/draws.js). */
interface Drawing {
  figure: DrawnFigure;
  drawn: Promise<unknown>;
  done(result: unknown): void;
}

/* Dash */

/** What it calls in the browser; callbacks/navigate.py says upon what, and where the result goes. */
interface ClientsideCallbacks {
  plan?(): unknown;
  pace?(): [interval: unknown, disabled: unknown];
  recolour?(theme: string, figures: (object | null)[]): unknown[];
}

interface DashClientside {
  no_update: unknown;
  callback_context: { triggered_id?: string | { chart: string }; inputs_list: { id: { chart: string } }[] };
  set_props(id: string, props: Record<string, unknown>): void;
  metrics: ClientsideCallbacks;
}

interface Window {
  /** Kept once all scripts of the page are here: its first script (layouts/shell.py) fetches them. */
  whole: Promise<void>;
  metrics: Metrics;
  dash_clientside: DashClientside;
  Plotly: PlotlyStatic;
}

interface Performance {
  /** Chromium's alone. */
  memory?: { usedJSHeapSize: number };
}

declare var metrics: Metrics;

/** Node's: there in unit tests, and not in a browser. */
declare var module: { exports: unknown } | undefined;
