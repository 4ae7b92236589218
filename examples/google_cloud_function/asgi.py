"""How do I store what is posted to an ASGI host, with the asynchronous client?

    functions-framework --asgi --source asgi.py --target post_annotations    on Google Cloud Functions
    uvicorn asgi:app                                                         elsewhere; or another server of ASGI

It answers as main.py does, whose `post_annotations` is for WSGI.
"""

from outcome import APP_ID, SECONDS, USER_ID, is_final, summary
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from clarifai_http_annotations import AsyncClient, ClarifaiError, read_annotations

client = AsyncClient()  # for all requests; it opens its connections with the first one, in the loop that serves


async def post_annotations(request: Request) -> Response:
    try:
        report = await client.upload(
            read_annotations(await request.body(), user_id=USER_ID, app_id=APP_ID), deadline=SECONDS
        )
        return JSONResponse(summary(report))
    except ClarifaiError as error:
        return PlainTextResponse(str(error), 400 if is_final(error) else 503)


app = Starlette(routes=[Route("/", post_annotations, methods=["POST"])])
