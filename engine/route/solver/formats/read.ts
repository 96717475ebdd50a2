import { type Instance, UnreadableInstance } from './instance.ts';
import { parseLiLim } from './li-lim.ts';
import { parseSolomon } from './solomon.ts';
import { parseVroom, type VroomInstance } from './vroom-read.ts';
import { parseVrplib } from './vrplib.ts';

/** Read a problem in whichever of the formats it is; told by its content, not by the name of its file. */
export function readInstance(text: string, name: string): Instance | VroomInstance {
  if (/^\s*[{[]/.test(text)) return parseVroom(text, name);
  if (/^\s*NAME\s*:/m.test(text) && /_SECTION/.test(text)) return parseVrplib(text);
  if (/^\s*CUST NO/m.test(text)) return parseSolomon(text);
  if (/^\s*\d+\s+\d+\s+\d+\s*\n/.test(text)) return parseLiLim(text, name);
  throw new UnreadableInstance(`${name}: neither Solomon, Li & Lim, VRPLIB nor VROOM JSON`);
}
