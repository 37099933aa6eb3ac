/** Puts a chart of Observable Plot in its place. What it shows is said by the place: names that Plot gives to groups of marks say nothing to a reader. */
export function show(place: HTMLElement, chart: Element): void {
  chart.setAttribute('aria-hidden', 'true');
  place.replaceChildren(chart);
}
