"""A client of the Model Context Protocol by other authors (the Python SDK, `mcp` on PyPI), for a test to drive.

usage: mcp_client.py COMMAND [ARGUMENT ...]

Starts COMMAND as a server on standard input and output. Each line of its own standard input is a JSON array, `["tools"]`,
`["call", NAME, ARGUMENTS]`, `["resources"]` or `["read", URI]`; each is answered by a line of JSON.
"""
import asyncio, json, os, sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def answer(session, verb, *rest):
    if verb == "tools":
        return (await session.list_tools()).model_dump(mode="json", by_alias=True)
    if verb == "call":
        return (await session.call_tool(rest[0], rest[1])).model_dump(mode="json", by_alias=True)
    if verb == "resources":
        return (await session.list_resources()).model_dump(mode="json", by_alias=True)
    return (await session.read_resource(rest[0])).model_dump(mode="json", by_alias=True)


async def main():
    server = StdioServerParameters(command=sys.argv[1], args=sys.argv[2:], env=dict(os.environ))
    async with stdio_client(server) as (read, write):
        async with ClientSession(read, write) as session:
            hello = await session.initialize()
            print(hello.model_dump_json(by_alias=True), flush=True)
            loop = asyncio.get_running_loop()
            while line := await loop.run_in_executor(None, sys.stdin.readline):
                try:
                    told = await answer(session, *json.loads(line))
                except Exception as error:
                    told = {"error": str(error)}
                print(json.dumps(told), flush=True)


asyncio.run(main())
