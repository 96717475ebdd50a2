import type { RescueChoice, RescueDetail } from '../../../../schemas/rescue.ts';
import { deviation, timeOfDay } from '../../core/clock.ts';
import { me } from '../../state/session.ts';

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
    <legend>Ways to help, best first</legend>
    {detail.choices.map((choice, index) => (
      <label key={choice.parts.map(({ helperRouteId }) => helperRouteId).join()}>
        <input
          type="radio"
          name={`choice-${proposalId}`}
          checked={index === chosen}
          onChange={() => onChoose(index)}
        />
        <Choice choice={choice} />
      </label>
    ))}
    {detail.left.map(({ stopIds, reason }) => (
      <p class="problem" key={reason}>
        {stopIds.length} stops stay without a van: {reason}.
      </p>
    ))}
  </fieldset>
);

const Choice = ({ choice: { parts, giver } }: { choice: RescueChoice }) => {
  const zone = me.value?.fleet.timeZone ?? 'UTC';
  return (
    <span>
      {parts.map((part) => (
        <span class="choice-part" key={part.helperRouteId}>
          <strong>
            {part.stopIds.length} stops to {part.helperRoute}
          </strong>{' '}
          <span class="muted">
            ({part.helperVehicle}), meet {timeOfDay(part.meetAt, zone)}
          </span>
          <br />
          Price: {deviation(part.helper.finishAfter - part.helper.finishBefore)},{' '}
          {part.helper.kmMore.toFixed(1)} km, P(late) {percent(part.helper.lateBefore)} →{' '}
          {percent(part.helper.lateAfter)}
        </span>
      ))}
      <span class="gain">
        Giver back {timeOfDay(giver.finishBefore, zone)} → {timeOfDay(giver.finishAfter, zone)}, late stops{' '}
        {giver.lateStopsBefore.toFixed(0)} → {giver.lateStopsAfter.toFixed(0)}
      </span>
    </span>
  );
};

const percent = (share: number): string => `${Math.round(share * 100)} %`;
