import type { ComponentType } from 'preact';

/** Views by their names in the address. Each is loaded when it is shown. */
const loaders = {
  run: () => import('./run/run-view.tsx'),
  machine: () => import('./machine/machine-view.tsx'),
  step: () => import('./step/step-view.tsx'),
  compare: () => import('./compare/compare-view.tsx'),
  scenario: () => import('./scenario/scenario-view.tsx'),
  trust: () => import('./trust/trust-view.tsx'),
} as const satisfies Readonly<Record<string, () => Promise<{ readonly View: ComponentType }>>>;

export type ViewName = keyof typeof loaders;

/** In the order of the navigation. */
export const viewNames = Object.keys(loaders) as readonly ViewName[];

export const firstView: ViewName = 'run';

export function isView(name: string): name is ViewName {
  return name in loaders;
}

export function loadView(name: ViewName): Promise<{ readonly View: ComponentType }> {
  return loaders[name]();
}
