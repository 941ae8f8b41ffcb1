"""A moto server with three things put right that moto has otherwise than AWS, and without which nothing could be tried.

- RestoreTableToPointInTime takes `SourceTableArn` beside `SourceTableName` (Amazon DynamoDB API reference); moto knows the name only.
- GetBucketVersioning answers with the root element `VersioningConfiguration` (Amazon S3 API reference); moto's is called
  `GetBucketVersioningResponse`, which an SDK that looks at it refuses.
- ListCommandInvocations (AWS Systems Manager API reference), which moto lacks, tells what its GetCommandInvocation tells.
"""

from moto.core.responses import ActionResult
from moto.dynamodb.responses import DynamoHandler
from moto.s3.responses import S3Response
from moto.server import main
from moto.ssm.responses import SimpleSystemManagerResponse

restore, versioning = DynamoHandler.restore_table_to_point_in_time, S3Response.get_bucket_versioning


def restore_by_arn(self):
    arn = self.body.get("SourceTableArn")
    if arn:
        self.body["SourceTableName"] = arn.split("/")[-1]
    return restore(self)


def versioning_by_its_name(self):
    status, headers, body = versioning(self)
    text = body.decode() if isinstance(body, bytes) else body
    return status, headers, text.replace("GetBucketVersioningResponse", "VersioningConfiguration")


def invocations(self):
    command = self.ssm_backend.get_command_by_id(self._get_param("CommandId"))
    told = ["CommandId", "InstanceId", "Comment", "DocumentName", "Status", "StatusDetails"]
    plugin = {"Name": "aws:runShellScript", "Status": "Success", "Output": "mounted"}
    of = [{key: one[key] for key in told} | {"CommandPlugins": [plugin]} for one in command.invocations]
    return ActionResult({"CommandInvocations": of})


DynamoHandler.restore_table_to_point_in_time = restore_by_arn
SimpleSystemManagerResponse.list_command_invocations = invocations
S3Response.get_bucket_versioning = versioning_by_its_name

if __name__ == "__main__":
    main()
