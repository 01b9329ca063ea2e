// Changes are sent as JSON with the session's token; what went wrong comes back as a sentence for people.

export class Refused extends Error {
  constructor(status, body) {
    super(body.error ?? `The server answered ${status}.`);
    this.status = status;
    this.body = body;
  }
}

export async function send(path, body = {}) {
  const token = document.querySelector("meta[name=csrf-token]").content;
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": token },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, { error: "The server cannot be reached. Nothing was saved; try again." });
  }
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const answer = isJson ? await response.json() : {};
  if (response.status === 401) throw new Refused(401, { error: "You are signed out. Nothing was saved; sign in again." });
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

let goes;

export function say(words) {
  const said = document.getElementById("said");
  // Emptied first, so that the same words are read out a second time.
  said.textContent = "";
  requestAnimationFrame(() => { said.textContent = words; });
  clearTimeout(goes);
  goes = setTimeout(() => { said.textContent = ""; }, 8000);
}
