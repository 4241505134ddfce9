import { unavailable, type ConduxtError } from '../../errors.ts';
import { agentChoiceNames, type AgentChoiceName, type AgentChoices } from '../../session/record.ts';
import { oneLine } from '../../text/sanitize.ts';
import { isObject, listAt, objectAt, textAt, type JsonObject } from './json.ts';

/** One value that an agent offers for a choice, and how it is set. */
export interface Offer {
  readonly value: string;
  readonly name: string;
  readonly isCurrent: boolean;
  readonly set: { readonly method: string; readonly params: Readonly<Record<string, string>> };
}

/** The `category` of a config option per choice; agents that name none are read by the option's id. */
const CATEGORIES: Readonly<Record<AgentChoiceName, readonly string[]>> = {
  model: ['model'],
  mode: ['mode'],
  effort: ['thought_level', 'effort', 'reasoning_effort', 'thinking'],
};
/** pi-acp 0.0.34 lists its thinking levels as modes: they are an effort there, not what the agent may do. */
const LEVELS = new Set(['off', 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

/**
 * What the agent offers for a choice, from its answer to `session/new`, `load`, `resume` or `set_config_option`: its config
 * options, else (what was there before them) its modes and models.
 */
export function offersFor(choice: AgentChoiceName, session: unknown): readonly Offer[] {
  const options = listAt(session, 'configOptions').filter(isObject);
  const option = CATEGORIES[choice]
    .flatMap((word) => options.filter((one) => one['category'] === word || one['id'] === word))
    .find((one) => one['type'] !== 'boolean');
  if (option !== undefined) return ofOption(option);
  if (choice === 'model') {
    const models = objectAt(session, 'models');
    return listed(models['availableModels'], 'modelId', models['currentModelId'], 'session/set_model');
  }
  const modes = objectAt(session, 'modes');
  const offers = listed(modes['availableModes'], 'id', modes['currentModeId'], 'session/set_mode', 'modeId');
  const areLevels = offers.length > 0 && offers.every(({ value }) => LEVELS.has(value));
  return (choice === 'effort') === areLevels ? offers : [];
}

/** The values of a select option, in groups or not. */
function ofOption(option: JsonObject): Offer[] {
  const configId = textAt(option, 'id') ?? '';
  return listAt(option, 'options')
    .flatMap((one) => (isObject(one) && Array.isArray(one['options']) ? listAt(one, 'options') : [one]))
    .flatMap((one) => {
      const value = textAt(one, 'value');
      if (value === null) return [];
      const set = { method: 'session/set_config_option', params: { configId, value } };
      return [{ value, name: textAt(one, 'name') ?? value, isCurrent: option['currentValue'] === value, set }];
    });
}

function listed(list: unknown, idKey: string, current: unknown, method: string, param = idKey): Offer[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown) => {
    const value = textAt(one, idKey);
    if (value === null) return [];
    return [
      {
        value,
        name: textAt(one, 'name') ?? value,
        isCurrent: value === current,
        set: { method, params: { [param]: value } },
      },
    ];
  });
}

/**
 * The offer that a person means: its value, its name, or the end of its value (`gpt-5` for `openai/gpt-5`) when only one
 * ends so. Null: none, or more than one.
 */
export function offerMeant(wanted: string, offers: readonly Offer[]): Offer | null {
  const same = (text: string): boolean => text.toLowerCase() === wanted.toLowerCase();
  const exact =
    offers.find(({ value }) => value === wanted) ?? offers.find(({ value, name }) => same(value) || same(name));
  if (exact !== undefined) return exact;
  const [only, ...more] = offers.filter(({ value }) => value.toLowerCase().endsWith(`/${wanted.toLowerCase()}`));
  return only === undefined || more.length > 0 ? null : only;
}

type Send = (method: string, params: Readonly<Record<string, string>>) => Promise<unknown>;

/**
 * Sets what was chosen, one after the other: a model may bring other levels of effort. What is already so is not sent.
 * @param send resolves with the result, rejects when the agent refuses
 * @throws `agent-choice-refused`, with the list of what the agent offers.
 */
export async function applyChoices(choices: AgentChoices, session: unknown, send: Send): Promise<void> {
  let known = session;
  for (const choice of agentChoiceNames) {
    const wanted = choices[choice];
    if (wanted === undefined) continue;
    const offers = offersFor(choice, known);
    const offer = offerMeant(wanted, offers);
    if (offer === null) throw choiceRefused(choice, wanted, offers);
    if (offer.isCurrent) continue;
    const answer = await send(offer.set.method, offer.set.params);
    // The complete list comes back; older agents answer with nothing.
    if (listAt(answer, 'configOptions').length > 0) known = { ...objectOr(known), ...objectOr(answer) };
  }
}

const MAX_OFFERS_SHOWN = 40;

export function choiceRefused(choice: AgentChoiceName, wanted: string, offers: readonly Offer[]): ConduxtError {
  const values = offers.map(({ value }) => oneLine(value, 80));
  const shown = values.slice(0, MAX_OFFERS_SHOWN).join(', ') + (values.length > MAX_OFFERS_SHOWN ? ', …' : '');
  const asked = oneLine(wanted, 80);
  return unavailable(
    'agent-choice-refused',
    values.length === 0
      ? `The agent offers no choice of ${choice}, so it cannot be set to "${asked}".`
      : `The agent offers no ${choice} "${asked}". It offers: ${shown}.`,
    { remedy: `Leave --${choice} out, or use one that it offers.`, facts: { choice, wanted, offers: values } },
  );
}

const objectOr = (value: unknown): JsonObject => (isObject(value) ? value : {});
