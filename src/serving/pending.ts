/** Kinds of pending events. Their order is also their priority at one instant (TIM-2); an injected request is an arrival. */
export const pending = { arrival: 0, flowEnd: 1, delivery: 2, stepEnd: 3, stepStart: 4, injection: 5, intake: 6, actor: 7 } as const;
