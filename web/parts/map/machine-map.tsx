import { useSignalEffect, type ReadonlySignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { moved, onto, toMap, whole, zoomed, type Camera, type Size } from './camera.ts';
import { colours } from './colours.ts';
import type { Palette } from './ramp.ts';
import { drawMap, isFine, outlined } from './draw.ts';
import { mapText } from './text.ts';
import { partAt, type Part, type Plan } from './plan.ts';
import type { Scene } from './scene.ts';
import { neighbour } from './walk.ts';

interface Props {
  readonly plan: ReadonlySignal<Plan | undefined>;
  /** Colours of parts now. */
  readonly scene: ReadonlySignal<Scene | undefined>;
  /** The part that is chosen. */
  readonly selected: Signal<Part | undefined>;
  /** Drawn above the map; returns whether it goes on moving. */
  readonly overlay?: ((context: CanvasRenderingContext2D, camera: Camera, canvas: Size, colours: Palette, now: number) => boolean) | undefined;
}

/** A machine on a canvas: zoomed by wheel, pinch, buttons and keys, moved by dragging, walked by arrows. */
export function MachineMap({ plan, scene, selected, overlay }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const state = useRef<State>({ camera: undefined, hovered: undefined, plan: undefined, drag: undefined, asked: 0 }).current;
  const text = mapText();

  const size = (): Size => ({ width: canvas.current?.clientWidth ?? 1, height: canvas.current?.clientHeight ?? 1 });
  const draw = (now: number): void => {
    state.asked = 0;
    const [element, machine] = [canvas.current, plan.peek()];
    const context = element?.getContext('2d');
    const painted = scene.peek();
    if (element === null || element === undefined || context === null || context === undefined || machine === undefined || painted === undefined) return;
    const area = size();
    if (state.plan !== machine || state.camera === undefined) [state.plan, state.camera] = [machine, whole(machine, area)];
    const ratio = Math.min(devicePixelRatio, 2);
    if (element.width !== Math.round(area.width * ratio)) element.width = Math.round(area.width * ratio);
    if (element.height !== Math.round(area.height * ratio)) element.height = Math.round(area.height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const inks = colours.peek();
    drawMap(context, machine, painted, state.camera, area, inks);
    const moving = overlay?.(context, state.camera, area, inks, now) === true;
    if (state.hovered !== undefined) outlined(context, state.hovered, state.camera, area, inks.quiet, 1);
    const chosen = selected.peek();
    if (chosen !== undefined) outlined(context, chosen, state.camera, area, inks.accent, 2);
    if (moving) ask();
  };
  const ask = (): void => {
    if (state.asked === 0) state.asked = requestAnimationFrame(draw);
  };
  const look = (camera: Camera): void => {
    state.camera = camera;
    ask();
  };
  const zoom = (factor: number, at?: { readonly x: number; readonly y: number }): void => {
    const [machine, area] = [plan.peek(), size()];
    if (machine !== undefined && state.camera !== undefined) look(zoomed(state.camera, factor, at ?? { x: area.width / 2, y: area.height / 2 }, machine, area));
  };

  useSignalEffect(() => {
    void [plan.value, selected.value, scene.value];
    ask();
  });
  useEffect(() => {
    const element = canvas.current as HTMLCanvasElement;
    const watch = new ResizeObserver(() => {
      state.camera = undefined;
      ask();
    });
    watch.observe(element);
    const wheel = (event: WheelEvent): void => {
      // A pinch is a wheel with ctrl. Until it was clicked the wheel moves the page, as everywhere else on it.
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== element) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * 0.0016), { x: event.offsetX, y: event.offsetY });
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => {
      watch.disconnect();
      element.removeEventListener('wheel', wheel);
      cancelAnimationFrame(state.asked);
    };
  }, []);

  const under = (event: { readonly offsetX: number; readonly offsetY: number }): Part | undefined => {
    const machine = plan.peek();
    if (machine === undefined || state.camera === undefined) return undefined;
    const { x, y } = toMap(state.camera, { x: event.offsetX, y: event.offsetY }, size());
    return partAt(machine, x, y, isFine(state.camera));
  };
  const choose = (part: Part | undefined, closer: boolean): void => {
    selected.value = part;
    const machine = plan.peek();
    if (closer && part !== undefined && machine !== undefined) look(onto(part, machine, size()));
  };
  const keyed = (event: KeyboardEvent): void => {
    const machine = plan.peek();
    if (machine === undefined) return;
    if (event.key === '+' || event.key === '=') zoom(1.5);
    else if (event.key === '-') zoom(1 / 1.5);
    else if (event.key === '0') look(whole(machine, size()));
    else if (event.key === 'Escape') choose(undefined, false);
    else if (event.key === 'Enter') choose(selected.peek(), true);
    else {
      const next = neighbour(machine, selected.peek(), event.key);
      if (next === undefined) return;
      choose(next, false);
    }
    event.preventDefault();
  };

  return (
    <div class="map">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-roledescription={text.map}
        aria-label={text.about(plan.value?.machine.title ?? '', selected.value?.name)}
        onKeyDown={keyed}
        onPointerDown={(event) => {
          (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
          state.drag = { x: event.offsetX, y: event.offsetY, far: false };
        }}
        onPointerMove={(event) => {
          const machine = plan.peek();
          if (state.drag !== undefined && state.camera !== undefined && machine !== undefined) {
            const [dx, dy] = [event.offsetX - state.drag.x, event.offsetY - state.drag.y];
            const far = state.drag.far || Math.hypot(dx, dy) > 4;
            if (far) {
              look(moved(state.camera, dx, dy, machine, size()));
              state.drag = { x: event.offsetX, y: event.offsetY, far };
            }
            return;
          }
          const part = under(event);
          if (part !== state.hovered) {
            state.hovered = part;
            event.currentTarget.title = part?.name ?? '';
            ask();
          }
        }}
        onPointerUp={(event) => {
          if (state.drag?.far === false) choose(under(event), false);
          state.drag = undefined;
        }}
        onPointerLeave={() => {
          state.hovered = undefined;
          ask();
        }}
        onDblClick={(event) => choose(under(event), true)}
      />
      <div class="zoom">
        <button type="button" aria-label={text.closer} onClick={() => zoom(1.6)}>
          +
        </button>
        <button type="button" aria-label={text.farther} onClick={() => zoom(1 / 1.6)}>
          −
        </button>
        <button type="button" aria-label={text.whole} onClick={() => plan.peek() && look(whole(plan.peek() as Plan, size()))}>
          ⤢
        </button>
      </div>
    </div>
  );
}

interface State {
  camera: Camera | undefined;
  hovered: Part | undefined;
  plan: Plan | undefined;
  drag: { readonly x: number; readonly y: number; readonly far: boolean } | undefined;
  asked: number;
}
