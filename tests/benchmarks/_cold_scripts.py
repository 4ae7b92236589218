"""Five programs that post one annotation and see it acknowledged, each as its users would write it.

They are given, as arguments, the address and a file of certificate authorities, and print how many modules they
loaded, and the most memory that they had, in kB. The first three speak HTTP, the others gRPC.
"""

from __future__ import annotations

END = """
with open("/proc/self/status") as status:
    [peak] = [line.split()[1] for line in status if line.startswith("VmHWM")]
print(len(sys.modules), peak)
"""

BARE = """
import sys
import httpx
with httpx.Client(verify=httpx.create_ssl_context(verify=sys.argv[2])) as client:
    answer = client.post(
        sys.argv[1] + "/v2/users/me/apps/a/annotations",
        headers={"Authorization": "Key x"},
        json={"annotations": [{"input_id": "in", "data": {"concepts": [{"id": "tree", "value": 1.0}]}}]},
    )
assert answer.json()["annotations"][0]["status"]["code"] == 24150
"""

LEAST = """
import sys
import httpx
import tenacity
from pydantic import BaseModel

class Concept(BaseModel):
    id: str
    value: float

class Data(BaseModel):
    concepts: list[Concept]

class Annotation(BaseModel):
    input_id: str
    data: Data

@tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_random_exponential())
def create(client, annotation):
    answer = client.post(
        sys.argv[1] + "/v2/users/me/apps/a/annotations",
        headers={"Authorization": "Key x"},
        json={"annotations": [annotation.model_dump()]},
    )
    answer.raise_for_status()
    return Annotation.model_validate(answer.json()["annotations"][0])

with httpx.Client(verify=httpx.create_ssl_context(verify=sys.argv[2])) as client:
    create(client, Annotation(input_id="in", data=Data(concepts=[Concept(id="tree", value=1.0)])))
"""

OURS = """
import sys
from clarifai_http_annotations import Annotation, Client, positive
with Client(pat="x", user_id="me", app_id="a", base_url=sys.argv[1], verify=sys.argv[2]) as client:
    client.create(Annotation.of("in", positive("tree")))
"""

STUB = """
import sys
from clarifai_grpc.channel.clarifai_channel import ClarifaiChannel
from clarifai_grpc.grpc.api import resources_pb2, service_pb2, service_pb2_grpc
base = sys.argv[1].removeprefix("https://")
channel = ClarifaiChannel.get_grpc_channel(base=base, root_certificates_path=sys.argv[2])
said = resources_pb2.Data(concepts=[resources_pb2.Concept(id="tree", value=1.0)])
answer = service_pb2_grpc.V2Stub(channel).PostAnnotations(
    service_pb2.PostAnnotationsRequest(
        user_app_id=resources_pb2.UserAppIDSet(user_id="me", app_id="a"),
        annotations=[resources_pb2.Annotation(input_id="in", data=said)],
    ),
    metadata=(("authorization", "Key x"),),
)
assert answer.annotations[0].status.code == 24150
"""

SDK = """
import sys
from clarifai.client.input import Inputs
from clarifai_grpc.grpc.api import resources_pb2
inputs = Inputs(user_id="me", app_id="a", pat="x", base_url=sys.argv[1], root_certificates_path=sys.argv[2])
said = resources_pb2.Data(concepts=[resources_pb2.Concept(id="tree", value=1.0)])
assert not inputs.upload_annotations([resources_pb2.Annotation(input_id="in", data=said)], show_log=False)
"""
