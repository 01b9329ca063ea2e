// While somebody looks at an answer it stays theirs: the lease is renewed as long as the page is seen.
import { Refused, say, send } from "./api.js";

const EVERY = 60_000;

export function keepLease(item) {
  const renew = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const { until } = await send(`/review/${item}/renew`);
      if (!until) say("This answer is no longer held for you: somebody else has it, or it is settled.");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status !== 0) say(error.message);
    }
  };
  setInterval(renew, EVERY);
  document.addEventListener("visibilitychange", renew);
}
