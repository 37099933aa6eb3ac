import type { Plan } from './plan.ts';

/** Where the map is looked at: a place of it at the middle of the canvas, and how large it is drawn. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  /** Canvas pixels (of CSS) for a length of the map. */
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const margin = 10;

/** All of it. */
export function whole({ width, height }: Size, canvas: Size): Camera {
  const scale = Math.min((canvas.width - 2 * margin) / width, (canvas.height - 2 * margin) / height);
  return { x: width / 2, y: height / 2, scale: Math.max(scale, 0.01) };
}

/** Larger or smaller around a place of the canvas; not smaller than the whole, and the map stays in sight. */
export function zoomed(camera: Camera, factor: number, at: { readonly x: number; readonly y: number }, plan: Plan, canvas: Size): Camera {
  const least = whole(plan, canvas).scale;
  const scale = Math.min(Math.max(camera.scale * factor, least), least * 60);
  const there = toMap(camera, at, canvas);
  return held({ x: there.x - (at.x - canvas.width / 2) / scale, y: there.y - (at.y - canvas.height / 2) / scale, scale }, plan, canvas);
}

export function moved(camera: Camera, dx: number, dy: number, plan: Plan, canvas: Size): Camera {
  return held({ ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale }, plan, canvas);
}

/** Brings a part into the middle, as large as it may be with what is around it. */
export function onto(box: Size & { readonly x: number; readonly y: number }, plan: Plan, canvas: Size): Camera {
  const least = whole(plan, canvas).scale;
  const scale = Math.min(Math.max((0.25 * canvas.width) / box.width, least), Math.max(least, (0.3 * canvas.height) / box.height));
  return held({ x: box.x + box.width / 2, y: box.y + box.height / 2, scale: Math.max(scale, least) }, plan, canvas);
}

export function toMap({ x, y, scale }: Camera, at: { readonly x: number; readonly y: number }, canvas: Size): { readonly x: number; readonly y: number } {
  return { x: x + (at.x - canvas.width / 2) / scale, y: y + (at.y - canvas.height / 2) / scale };
}

function held({ x, y, scale }: Camera, { width, height }: Size, canvas: Size): Camera {
  const within = (value: number, length: number, seen: number): number =>
    seen >= length ? length / 2 : Math.min(Math.max(value, seen / 2 - margin / scale), length - seen / 2 + margin / scale);
  return { x: within(x, width, canvas.width / scale), y: within(y, height, canvas.height / scale), scale };
}
