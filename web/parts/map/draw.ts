import type { Camera, Size } from './camera.ts';
import type { Palette } from './ramp.ts';
import type { Part, Plan } from './plan.ts';
import type { Scene } from './scene.ts';

/** From this size on of a length of the map, in pixels, names of parts and dies of a chip are told apart. */
const named = { rack: 0.55, node: 1.35, chip: 2.6, small: 4.5, die: 6 };

/** Whether dies are large enough to be pointed at. */
export function isFine({ scale }: Camera): boolean {
  return scale >= 2;
}

/** Draws the map: frames and names in the ink of the page, parts in the colours of the scene. */
export function drawMap(context: CanvasRenderingContext2D, plan: Plan, scene: Scene, camera: Camera, canvas: Size, colours: Palette): void {
  const { scale } = camera;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.save();
  context.translate(canvas.width / 2 - camera.x * scale, canvas.height / 2 - camera.y * scale);
  context.scale(scale, scale);
  const seen = inSight(camera, canvas);
  for (const rack of plan.racks) if (seen(rack)) framed(context, rack, 4, colours.card, colours.rule, 1 / scale);
  const bare = plan.racks.length === 0;
  for (const node of plan.nodes)
    if (seen(node)) framed(context, node, 2.5, bare ? colours.card : colours.page, scale > 1 || bare ? colours.rule : undefined, 1 / scale);
  if (scale > 1.2) for (const chip of plan.chips) if (seen(chip)) framed(context, chip, 1.5, colours.card, colours.rule, 1 / scale);
  filled(context, plan.dies, scene.dies, seen, scale > 1.2 ? 1 : 0);
  filled(context, plan.cpus, scene.cpus, seen, scale > 1.2 ? 1 : 0);
  filled(context, plan.switches, scene.switches, seen, scale > 1.2 ? 1 : 0);
  context.fillStyle = colours.quiet;
  context.textBaseline = 'middle';
  if (scale > named.rack) names(context, plan.racks, seen, Math.min(9, Math.max(6.5, 9 / scale)), 4, 7);
  if (scale > named.node) names(context, plan.nodes, seen, 5, 4, 6);
  if (scale > named.small) for (const list of [plan.cpus, plan.switches]) centred(context, list, seen, 1.9, colours.ink, colours.card);
  if (scale > named.die) centred(context, plan.dies, seen, 2.2, colours.ink, colours.card);
  else if (scale > named.chip) centred(context, plan.chips, seen, 3.6, colours.ink, colours.card);
  context.restore();
  for (const part of scene.struck) outlined(context, part, camera, canvas, colours.bad, 2.5, true);
}

/** Draws a line around a part: it is selected, pointed at, or struck. */
export function outlined(context: CanvasRenderingContext2D, part: Part, camera: Camera, canvas: Size, colour: string, width: number, crossed = false): void {
  const { scale } = camera;
  const [x, y] = [canvas.width / 2 + (part.x - camera.x) * scale, canvas.height / 2 + (part.y - camera.y) * scale];
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.roundRect(x - 1.5, y - 1.5, part.width * scale + 3, part.height * scale + 3, 3);
  if (crossed) {
    context.moveTo(x + 1, y + 1);
    context.lineTo(x + part.width * scale - 1, y + part.height * scale - 1);
  }
  context.stroke();
}

function inSight({ x, y, scale }: Camera, canvas: Size): (part: Part) => boolean {
  const [halfWidth, halfHeight] = [canvas.width / 2 / scale, canvas.height / 2 / scale];
  return (part) => part.x < x + halfWidth && part.x + part.width > x - halfWidth && part.y < y + halfHeight && part.y + part.height > y - halfHeight;
}

function framed(context: CanvasRenderingContext2D, part: Part, radius: number, fill: string, stroke: string | undefined, width: number): void {
  context.beginPath();
  context.roundRect(part.x, part.y, part.width, part.height, radius);
  context.fillStyle = fill;
  context.fill();
  if (stroke === undefined) return;
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.stroke();
}

function filled(context: CanvasRenderingContext2D, parts: readonly Part[], colours: readonly string[], seen: (part: Part) => boolean, radius: number): void {
  let now = '';
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as Part;
    if (!seen(part)) continue;
    const colour = colours[i] ?? '';
    if (colour !== now) context.fillStyle = now = colour;
    if (radius === 0) context.fillRect(part.x, part.y, part.width, part.height);
    else {
      context.beginPath();
      context.roundRect(part.x, part.y, part.width, part.height, radius);
      context.fill();
    }
  }
}

function names(context: CanvasRenderingContext2D, parts: readonly Part[], seen: (part: Part) => boolean, size: number, dx: number, dy: number): void {
  context.font = `500 ${size}px system-ui, sans-serif`;
  context.textAlign = 'left';
  for (const part of parts) if (seen(part)) context.fillText(part.name, part.x + dx, part.y + dy, part.width - 2 * dx);
}

function centred(context: CanvasRenderingContext2D, parts: readonly Part[], seen: (part: Part) => boolean, size: number, ink: string, halo: string): void {
  context.font = `500 ${size}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.lineJoin = 'round';
  context.lineWidth = size / 5;
  context.fillStyle = ink;
  context.strokeStyle = halo;
  for (const part of parts) {
    if (!seen(part)) continue;
    // Its number alone where the whole name is too long for it.
    const name = context.measureText(part.name).width <= part.width ? part.name : (part.name.split(' ').at(-1) ?? '');
    // A rim in the colour of the page keeps the name legible on any colour of the part.
    for (const write of ['strokeText', 'fillText'] as const) context[write](name, part.x + part.width / 2, part.y + part.height / 2, part.width - 0.6);
  }
}
