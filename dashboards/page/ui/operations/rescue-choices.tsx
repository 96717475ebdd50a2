import type { RescueChoice, RescueDetail, RescuePart } from '../../../../schemas/rescue.ts';
import { deviation, timeOfDay } from '../../core/clock.ts';
import { timeZone } from '../../state/session.ts';

const causes: Readonly<Record<string, string>> = {
  at_risk: 'will be late',
  breakdown: 'stands still',
  out_of_service: 'is out of service',
};

/** Why a van needs help. */
export const causeOf = ({ cause }: RescueDetail): string => causes[cause] ?? cause;

type Props = {
  readonly proposalId: number;
  readonly detail: RescueDetail;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
};

/** The ways to help, best first: who, how much, where the giver ends, and what it costs the helper. */
export const RescueChoices = ({ proposalId, detail, chosen, onChoose }: Props) => (
  <fieldset class="choices">
    <legend>{detail.choices.length === 1 ? 'One way to help' : 'Ways to help, best first'}</legend>
    {detail.choices.map((choice, index) => (
      <label key={choice.parts.map(({ helperRouteId }) => helperRouteId).join()}>
        <input
          type="radio"
          name={`choice-${proposalId}`}
          checked={index === chosen}
          onChange={() => onChoose(index)}
        />
        <Choice choice={choice} isStuck={detail.cause !== 'at_risk'} />
      </label>
    ))}
    {detail.left.map(({ stopIds, reason }) => (
      <p class="problem" key={reason}>
        {counted(stopIds.length, 'stop')} stay{stopIds.length === 1 ? 's' : ''} without a van: {reason}.
      </p>
    ))}
    <p class="muted small">Expected from today’s pace, along straight lines at each route’s own speed.</p>
  </fieldset>
);

const Choice = ({ choice: { parts, giver }, isStuck }: { choice: RescueChoice; isStuck: boolean }) => {
  const zone = timeZone.value;
  const moved = parts.reduce((sum, { stopIds }) => sum + stopIds.length, 0);
  return (
    <span class="choice">
      {parts.map((part) => (
        <Part key={part.helperRouteId} part={part} zone={zone} />
      ))}
      <span class="gain">
        {isStuck
          ? `${moved} of ${counted(moved + Math.round(giver.lateStopsAfter), 'stop')} still served today`
          : `Back ${timeOfDay(giver.finishAfter, zone)} instead of ${timeOfDay(giver.finishBefore, zone)}, late stops ` +
            `${giver.lateStopsBefore.toFixed(0)} → ${giver.lateStopsAfter.toFixed(0)}, P(late) ` +
            `${percent(giver.lateBefore)} → ${percent(giver.lateAfter)}`}
      </span>
    </span>
  );
};

const Part = ({ part, zone }: { part: RescuePart; zone: string }) => {
  const { helper, helperRoute, stopIds, packages } = part;
  return (
    <span class="choice-part">
      <span>
        <strong>
          {counted(stopIds.length, 'stop')} to {helperRoute}
        </strong>{' '}
        <span class="muted">
          {part.helperVehicle} · {counted(packages, 'package')} · meet {timeOfDay(part.meetAt, zone)}
        </span>
      </span>
      <span>
        Price to {helperRoute}: back {timeOfDay(helper.finishAfter, zone)} (
        {deviation(helper.finishAfter - helper.finishBefore)}), {helper.kmMore.toFixed(1)} km more, P(late){' '}
        {percent(helper.lateBefore)} → {percent(helper.lateAfter)}
      </span>
    </span>
  );
};

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** 1 stop, 2 stops. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
